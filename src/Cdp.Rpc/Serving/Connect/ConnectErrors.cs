using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Cdp.Rpc.Serving.Connect;

/// <summary>Errors as Connect writes them: a code in words, a message, and the details of gRPC, also readable.</summary>
internal static class ConnectErrors
{
    private static readonly (string Name, int Status)[] Codes =
    [
        ("", StatusCodes.Status200OK),
        ("canceled", StatusCodes.Status499ClientClosedRequest),
        ("unknown", StatusCodes.Status500InternalServerError),
        ("invalid_argument", StatusCodes.Status400BadRequest),
        ("deadline_exceeded", StatusCodes.Status504GatewayTimeout),
        ("not_found", StatusCodes.Status404NotFound),
        ("already_exists", StatusCodes.Status409Conflict),
        ("permission_denied", StatusCodes.Status403Forbidden),
        ("resource_exhausted", StatusCodes.Status429TooManyRequests),
        ("failed_precondition", StatusCodes.Status400BadRequest),
        ("aborted", StatusCodes.Status409Conflict),
        ("out_of_range", StatusCodes.Status400BadRequest),
        ("unimplemented", StatusCodes.Status501NotImplemented),
        ("internal", StatusCodes.Status500InternalServerError),
        ("unavailable", StatusCodes.Status503ServiceUnavailable),
        ("data_loss", StatusCodes.Status500InternalServerError),
        ("unauthenticated", StatusCodes.Status401Unauthorized),
    ];

    /// <summary>Quotes and letters stand as they are: it is read by programs and people, never as a page.</summary>
    public static JsonWriterOptions Readable { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The status of HTTP that goes with a code.</summary>
    public static int StatusOf(Code code) => Codes[(int)code].Status;

    /// <summary>Writes an error as the body of a response of HTTP.</summary>
    public static byte[] Body(RpcError error, string domain)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body, Readable)) Write(json, error, domain);
        return body.WrittenSpan.ToArray();
    }

    /// <summary>Says in a header how long to wait, as clients of HTTP read it: in whole seconds.</summary>
    public static void WriteRetryAfter(IHeaderDictionary headers, RpcError error)
    {
        if (error.RetryDelay is { } delay) headers.RetryAfter = Math.Ceiling(delay.TotalSeconds).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Writes an error as a value of JSON.</summary>
    public static void Write(Utf8JsonWriter json, RpcError error, string domain)
    {
        json.WriteStartObject();
        json.WriteString("code", Codes[(int)error.Code].Name);
        json.WriteString("message", error.Message);
        if (error.ToStatus(domain) is { } status)
        {
            json.WriteStartArray("details");
            foreach (var detail in status.Details) Write(json, detail);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Any detail)
    {
        json.WriteStartObject();
        json.WriteString("type", Any.GetTypeName(detail.TypeUrl));
        json.WriteString("value", Wire.BinaryMetadata.Encode(detail.Value.Span));
        json.WritePropertyName("debug");
        json.WriteRawValue(JsonMessages.ToJson(MessageOf(detail)));
        json.WriteEndObject();
    }

    private static IMessage MessageOf(Any detail) => Any.GetTypeName(detail.TypeUrl) switch
    {
        "google.rpc.ErrorInfo" => detail.Unpack<ErrorInfo>(),
        "google.rpc.BadRequest" => detail.Unpack<BadRequest>(),
        _ => detail.Unpack<RetryInfo>(),
    };
}
