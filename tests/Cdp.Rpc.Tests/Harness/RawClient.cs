using System.Buffers.Binary;
using System.Net;
using Cdp.Rpc.Wire;
using Google.Rpc;

namespace Cdp.Rpc.Tests.Harness;

/// <summary>What a server answered, as it stood on the wire.</summary>
internal sealed record RawAnswer(HttpStatusCode HttpStatus, Code? Status, string Message, bool TrailersOnly, System.Net.Http.Headers.HttpResponseHeaders Headers, byte[] Body)
{
    public string? Encoding => Headers.TryGetValues("grpc-encoding", out var encodings) ? encodings.Single() : null;

    /// <summary>The reason of its ErrorInfo; null: none.</summary>
    public string? Reason { get; init; }

    public string? AcceptEncoding => Headers.TryGetValues("grpc-accept-encoding", out var encodings) ? encodings.Single() : null;
}

/// <summary>Sends any bytes and headers as a call.</summary>
internal sealed class RawClient(Uri address) : IDisposable
{
    public const string Echo = "/probe.v1.Probe/Echo";

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = false });

    public static byte[] Frame(ReadOnlySpan<byte> message, byte flag = 0, uint? length = null)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length ?? (uint)message.Length);
        message.CopyTo(frame.AsSpan(5));
        return frame;
    }

    public Task<RawAnswer> SendAsync(
        string path, byte[] body, CancellationToken cancellationToken, string? contentType = "application/grpc", params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, new ByteArrayContent(body), contentType, headers, cancellationToken);

    public async Task<RawAnswer> SendAsync(
        HttpMethod method, string path, HttpContent? content, string? contentType, (string Name, string Value)[] headers, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(address, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        if (contentType is not null)
        {
            content?.Headers.TryAddWithoutValidation("content-type", contentType);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http.SendAsync(request, cancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var trailersOnly = response.Headers.Contains("grpc-status");
        var end = trailersOnly ? response.Headers : response.TrailingHeaders;
        return new RawAnswer(
            response.StatusCode,
            end.TryGetValues("grpc-status", out var status) ? (Code)int.Parse(status.Single(), System.Globalization.CultureInfo.InvariantCulture) : null,
            end.TryGetValues("grpc-message", out var message) ? GrpcMessage.Decode(message.Single()) : "",
            trailersOnly,
            response.Headers,
            body)
        {
            Reason = end.TryGetValues("grpc-status-details-bin", out var details) ? ReasonOf(details.Single()) : null,
        };
    }

    private static string? ReasonOf(string details)
    {
        Assert.True(BinaryMetadata.TryDecode(details, out var status));
        return Google.Rpc.Status.Parser.ParseFrom(status).Details.Select(detail => detail.TryUnpack(out ErrorInfo info) ? info.Reason : null).FirstOrDefault(reason => reason is not null);
    }

    public void Dispose() => _http.Dispose();
}
