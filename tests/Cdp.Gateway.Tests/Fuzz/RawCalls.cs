using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Fuzz;

/// <summary>What a server answered.</summary>
internal sealed record RawReply(Code? Code, string Message, string? Reason);

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

    public async Task<RawReply> SendAsync(string path, byte[] body, string? authorization, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, path))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        request.Headers.TryAddWithoutValidation("grpc-timeout", "60S");
        if (authorization is not null) request.Headers.TryAddWithoutValidation("authorization", authorization);
        using var response = await _http.SendAsync(request, cancel);
        await response.Content.CopyToAsync(Stream.Null, cancel);
        var end = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        var code = Header(end, "grpc-status") is { } text ? (Code?)int.Parse(text, CultureInfo.InvariantCulture) : null;
        return new RawReply(code, Uri.UnescapeDataString(Header(end, "grpc-message") ?? ""), ReasonOf(Header(end, "grpc-status-details-bin")));
    }

    public void Dispose() => _http.Dispose();

    private static string? Header(System.Net.Http.Headers.HttpHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.Single() : null;

    private static string? ReasonOf(string? details)
    {
        if (details is null) return null;
        var padded = details.PadRight((details.Length + 3) / 4 * 4, '=');
        var info = Status.Parser.ParseFrom(Convert.FromBase64String(padded)).Details.FirstOrDefault(d => d.Is(ErrorInfo.Descriptor));
        return info?.Unpack<ErrorInfo>().Reason;
    }
}
