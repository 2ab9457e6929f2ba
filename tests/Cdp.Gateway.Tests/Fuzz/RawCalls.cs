using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Fuzz;

/// <summary>What a server answered.</summary>
internal sealed record RawReply(Code? Code, string Message, string? Reason)
{
    /// <summary>All of it: the messages, the headers but for the date, and the status with its details.</summary>
    public byte[] Bytes { get; init; } = [];
}

/// <summary>Sends any bytes as the messages of a call.</summary>
internal sealed class RawCalls(Uri server) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler());

    public static byte[] Frame(ReadOnlySpan<byte> message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)message.Length);
        message.CopyTo(frame.AsSpan(5));
        return frame;
    }

    /// <param name="path">The method's.</param>
    /// <param name="body">Frames, right or not.</param>
    /// <param name="authorization">The header; null: none.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="timeout">After what the server ends the call, as gRPC spells it.</param>
    public async Task<RawReply> SendAsync(string path, byte[] body, string? authorization, CancellationToken cancel, string timeout = "60S")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, path))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        request.Headers.TryAddWithoutValidation("grpc-timeout", timeout);
        if (authorization is not null) request.Headers.TryAddWithoutValidation("authorization", authorization);
        using var response = await _http.SendAsync(request, cancel);
        var messages = await response.Content.ReadAsByteArrayAsync(cancel);
        var end = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        var code = Header(end, "grpc-status") is { } text ? (Code?)int.Parse(text, CultureInfo.InvariantCulture) : null;
        var message = Uri.UnescapeDataString(Header(end, "grpc-message") ?? "");
        var details = DetailsOf(Header(end, "grpc-status-details-bin"));
        var headers = string.Join('\n', response.Headers.Concat(response.TrailingHeaders).Where(header => header.Key != "Date").SelectMany(header => header.Value));
        return new RawReply(code, message, ReasonOf(details)) { Bytes = [.. messages, .. Encoding.UTF8.GetBytes($"\n{headers}\n{message}\n"), .. details] };
    }

    public void Dispose() => _http.Dispose();

    private static string? Header(System.Net.Http.Headers.HttpHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.Single() : null;

    private static byte[] DetailsOf(string? text) => text is null ? [] : Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));

    private static string? ReasonOf(byte[] details)
    {
        var info = Status.Parser.ParseFrom(details).Details.FirstOrDefault(d => d.Is(ErrorInfo.Descriptor));
        return info?.Unpack<ErrorInfo>().Reason;
    }
}
