using System.Buffers.Binary;
using System.Net;
using System.Text;
using System.Text.Json;
using Cdp.Rpc.Tests.Harness;

namespace Cdp.Rpc.Tests;

/// <summary>gzip by the protocol of Connect: of a body as HTTP has it, of a stream message by message.</summary>
public sealed class ConnectCompressionTests(ProbeServer server) : IClassFixture<ProbeServer>, IDisposable
{
    private const string Json = "application/json";
    private const string Stream = "application/connect+json";
    private const int EndOfStream = 2;

    private readonly HttpClient _http = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = server.HttpAddress };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Large { get; } = $$"""{"text":"{{new string('x', 5000)}}"}""";

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_compressed_body_is_inflated()
    {
        using var reply = await PostAsync("Measure", CompressionTests.Zip(Encoding.UTF8.GetBytes(Large)), Json, ("Content-Encoding", "gzip"));

        Assert.Equal("""{ "bytes": "5003" }""", await reply.Content.ReadAsStringAsync(Cancel));
    }

    [Theory]
    [InlineData("gzip, deflate, br, zstd", true)]
    [InlineData("gzip;q=0, br", false)]
    [InlineData("identity", false)]
    public async Task A_large_answer_is_compressed_for_a_client_that_takes_it(string accepted, bool compressed)
    {
        using var reply = await PostAsync("Echo", Encoding.UTF8.GetBytes(Large), Json, ("Accept-Encoding", accepted));
        var body = await reply.Content.ReadAsByteArrayAsync(Cancel);

        Assert.Equal(compressed ? ["gzip"] : [], reply.Content.Headers.ContentEncoding);
        using var message = JsonDocument.Parse(compressed ? CompressionTests.Unzip(body) : body);
        Assert.Equal(5000, message.RootElement.GetProperty("text").GetString()!.Length);
    }

    [Fact]
    public async Task A_small_answer_is_sent_as_it_is()
    {
        using var reply = await PostAsync("Echo", "{}"u8, Json, ("Accept-Encoding", "gzip"));

        Assert.Empty(reply.Content.Headers.ContentEncoding);
        Assert.Equal("{ }", await reply.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Streams_are_compressed_message_by_message()
    {
        var request = Frame(CompressionTests.Zip("""{"count":2,"size":5000}"""u8), flag: 1);
        using var reply = await PostAsync("Count", request, Stream, ("Connect-Content-Encoding", "gzip"), ("Connect-Accept-Encoding", "gzip"));

        Assert.Equal(("gzip", 0), (Assert.Single(reply.Headers.GetValues("Connect-Content-Encoding")), reply.Content.Headers.ContentEncoding.Count));
        var frames = FramesOf(await reply.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal([1, 1, EndOfStream], frames.Select(frame => frame.Flag));
        Assert.Equal("""{"metadata":{"x-sent":["2"]}}""", Encoding.UTF8.GetString(frames[^1].Content));
        Assert.Contains("\"number\": \"1\"", Encoding.UTF8.GetString(CompressionTests.Unzip(frames[1].Content)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flag_without_an_encoding_is_refused_in_the_end_of_the_stream()
    {
        using var reply = await PostAsync("Count", Frame(CompressionTests.Zip("{}"u8), flag: 1), Stream);

        Assert.Contains("\"internal\"", Encoding.UTF8.GetString(Assert.Single(FramesOf(await reply.Content.ReadAsByteArrayAsync(Cancel))).Content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_is_too_large_when_inflated_is_refused()
    {
        var body = Encoding.UTF8.GetBytes($$"""{"text":"{{new string('x', 2 * ProbeService.SmallLimit)}}"}""");
        using var reply = await PostAsync("Small", CompressionTests.Zip(body), Json, ("Content-Encoding", "gzip"));

        Assert.Equal(HttpStatusCode.TooManyRequests, reply.StatusCode);
        Assert.Contains("MESSAGE_TOO_LARGE", await reply.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1F8B")]
    [InlineData("7B7D")]
    [InlineData("1F8B0800000000000003FFFFFFFFFFFFFFFF00010000")]
    public async Task What_is_no_gzip_is_refused(string hex)
    {
        using var reply = await PostAsync("Echo", Convert.FromHexString(hex), Json, ("Content-Encoding", "gzip"));

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Contains("REQUEST_MALFORMED", await reply.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_body_is_empty_whatever_it_is_said_to_be()
    {
        using var reply = await PostAsync("Measure", [], "application/proto", ("Content-Encoding", "gzip"));
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
    }

    [Theory]
    [InlineData("Echo", Json, "Content-Encoding", "Accept-Encoding")]
    [InlineData("Count", Stream, "Connect-Content-Encoding", "Connect-Accept-Encoding")]
    public async Task An_encoding_that_is_not_known_is_refused_with_those_that_are(string method, string type, string header, string accept)
    {
        using var reply = await PostAsync(method, "{}"u8, type, (header, "br"));
        var body = await reply.Content.ReadAsStringAsync(Cancel);

        Assert.Equal("identity,gzip", string.Join(',', reply.Headers.GetValues(accept)).Replace(" ", "", StringComparison.Ordinal));
        Assert.Contains("unimplemented", body, StringComparison.Ordinal);
        Assert.Contains("identity,gzip", body, StringComparison.Ordinal);
        Assert.Contains("ENCODING_UNSUPPORTED", body, StringComparison.Ordinal);
    }

    private static byte[] Frame(ReadOnlySpan<byte> message, byte flag) => RawClient.Frame(message, flag);

    private static List<(int Flag, byte[] Content)> FramesOf(byte[] body)
    {
        var frames = new List<(int, byte[])>();
        while (body.Length > 0)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1));
            frames.Add((body[0], body[5..(5 + length)]));
            body = body[(5 + length)..];
        }

        return frames;
    }

    private Task<HttpResponseMessage> PostAsync(string method, ReadOnlySpan<byte> body, string type, params (string Name, string Value)[] headers)
    {
        var content = new ByteArrayContent(body.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        var request = new HttpRequestMessage(HttpMethod.Post, $"/probe.v1.Probe/{method}") { Content = content };
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value)) content.Headers.TryAddWithoutValidation(name, value);
        }

        return _http.SendAsync(request, Cancel);
    }
}
