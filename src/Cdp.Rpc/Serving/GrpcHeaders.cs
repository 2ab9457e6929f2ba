using System.Globalization;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Cdp.Rpc.Serving;

/// <summary>Names and forms of the headers of gRPC over HTTP/2.</summary>
internal static class GrpcHeaders
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Details = "grpc-status-details-bin";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";

    // Clients limit a block of headers, to 8 KB commonly: details that might not fit are left out, the status is not.
    private const int MaxDetailsBytes = 3072;

    private static readonly StringValues[] Codes =
        [.. Enumerable.Range(0, 17).Select(code => new StringValues(code.ToString(CultureInfo.InvariantCulture)))];

    /// <summary>True for "application/grpc" alone or followed by "+" or ";".</summary>
    public static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');

    public static void WriteStatus(IHeaderDictionary headers, RpcError? error, string errorDomain)
    {
        if (error is null)
        {
            headers[Status] = Codes[0];
            return;
        }

        headers[Status] = Codes[(int)error.Code];
        headers[Message] = GrpcMessage.Encode(error.Message);
        if (error.ToStatus(errorDomain) is { } details && details.CalculateSize() <= MaxDetailsBytes)
        {
            headers[Details] = BinaryMetadata.Encode(details.ToByteArray());
        }
    }
}
