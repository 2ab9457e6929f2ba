using System.Net;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

/// <summary>The edges of gRPC over HTTP/2, as bytes and headers on the wire.</summary>
public sealed class ProtocolTests(ProbeServer server) : IClassFixture<ProbeServer>, IDisposable
{
    private readonly RawClient _raw = new(server.Address);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _raw.Dispose();

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc; charset=utf-8")]
    [InlineData("APPLICATION/GRPC")]
    public async Task A_content_type_of_gRPC_is_taken(string contentType)
    {
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame([]), Cancel, contentType);

        Assert.Equal((HttpStatusCode.OK, Code.Ok), (answer.HttpStatus, answer.Status));
        Assert.Equal(RawClient.Frame([]), answer.Body);
    }

    [Theory]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpcx")]
    [InlineData("application/json")]
    [InlineData(null)]
    public async Task Another_content_type_is_refused(string? contentType)
    {
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame([]), Cancel, contentType);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.HttpStatus);
        Assert.Equal(Code.InvalidArgument, answer.Status);
    }

    [Fact]
    public async Task A_call_is_a_POST()
    {
        var answer = await _raw.SendAsync(HttpMethod.Get, RawClient.Echo, content: null, contentType: null, [], Cancel);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.HttpStatus);
        Assert.Equal(Code.Unimplemented, answer.Status);
    }

    [Theory]
    [InlineData("/probe.v1.Probe/Nothing", "Service probe.v1.Probe has no method Nothing.")]
    [InlineData("/nobody.Knows/Me", "This server has no service at '/nobody.Knows/Me'.")]
    [InlineData("/", "This server has no service at '/'.")]
    public async Task An_unknown_method_is_UNIMPLEMENTED(string path, string message)
    {
        var answer = await _raw.SendAsync(path, RawClient.Frame([]), Cancel);

        Assert.Equal((HttpStatusCode.OK, Code.Unimplemented, message, true), (answer.HttpStatus, answer.Status, answer.Message, answer.TrailersOnly));
    }

    [Fact]
    public async Task An_unknown_encoding_is_UNIMPLEMENTED_and_told_what_is_taken()
    {
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame([], flag: 1), Cancel, headers: ("grpc-encoding", "snappy"));

        Assert.Equal((Code.Unimplemented, "identity,gzip", "ENCODING_UNSUPPORTED"), (answer.Status, answer.AcceptEncoding, answer.Reason));
    }

    [Fact]
    public async Task The_identity_encoding_is_taken()
    {
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame([]), Cancel, headers: ("grpc-encoding", "identity"));

        Assert.Equal(Code.Ok, answer.Status);
    }

    [Theory]
    [InlineData("", Code.InvalidArgument)]
    [InlineData("00", Code.InvalidArgument)]
    [InlineData("0000000001", Code.InvalidArgument)]
    [InlineData("000000000208", Code.InvalidArgument)]
    [InlineData("0200000000", Code.InvalidArgument)]
    [InlineData("0000000003FFFFFF", Code.InvalidArgument)]
    [InlineData("00FFFFFFFF", Code.ResourceExhausted)]
    [InlineData("0080000000", Code.ResourceExhausted)]
    [InlineData("0000400001", Code.ResourceExhausted)]
    [InlineData("0100000000", Code.Internal)]
    [InlineData("00000000000000000000", Code.Internal)]
    [InlineData("000000000000", Code.Internal)]
    public async Task A_malformed_body_is_told_what_is_wrong(string hex, Code expected)
    {
        var answer = await _raw.SendAsync(RawClient.Echo, Convert.FromHexString(hex), Cancel);

        Assert.Equal((HttpStatusCode.OK, expected), (answer.HttpStatus, answer.Status));
        Assert.NotEmpty(answer.Message);
        Assert.True(answer.TrailersOnly);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("S")]
    [InlineData("")]
    [InlineData("-1S")]
    [InlineData("1s")]
    [InlineData("123456789S")]
    [InlineData("1 S")]
    [InlineData("1.5S")]
    public async Task A_malformed_timeout_is_refused(string timeout)
    {
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame([]), Cancel, headers: ("grpc-timeout", timeout));

        Assert.Equal(Code.InvalidArgument, answer.Status);
    }

    [Theory]
    [InlineData("/w==", "/w")]
    [InlineData("/w", "/w")]
    [InlineData("/wA=,AP8", "/wA|AP8")]
    [InlineData("AAAA", "AAAA")]
    public async Task Binary_metadata_may_be_padded_or_not_or_joined(string sent, string echoed)
    {
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame([]), Cancel, headers: ("x-echo-bin", sent));

        Assert.Equal(Code.Ok, answer.Status);
        Assert.Equal(echoed.Split('|'), answer.Headers.GetValues("x-echo-bin"));
    }

    [Fact]
    public async Task Binary_metadata_that_is_no_base64_is_refused()
    {
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame([]), Cancel, headers: ("x-echo-bin", "a*b"));

        Assert.Equal(Code.InvalidArgument, answer.Status);
        Assert.Contains("x-echo-bin", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_reply_and_status_of_a_unary_call_leave_in_one_send_and_nothing_is_reset()
    {
        using var client = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        var body = FrameClient.Encode(FrameType.Data, 1, 1, RawClient.Frame(new Payload { Text = "hello" }.ToByteArray()));

        // The end of the request comes by itself, so that the server's settings and windows are out of the way.
        await client.SendAsync(FrameClient.CallHeaders(1, RawClient.Echo), Cancel);
        await client.PingAsync(Cancel);
        await client.SendAsync(body, Cancel);
        var answer = new List<Frame>();
        do
        {
            var frame = await client.ReadAsync(Cancel);
            if (frame.Stream == 1 && frame.Type != FrameType.WindowUpdate)
            {
                answer.Add(frame);
            }
        }
        while (answer.Count == 0 || !answer[^1].EndsStream);

        Assert.Equal([FrameType.Headers, FrameType.Data, FrameType.Headers], answer.Select(frame => frame.Type));
        Assert.Single(answer.Select(frame => frame.Read).Distinct());
        Assert.DoesNotContain(await client.PingAsync(Cancel), frame => frame.Type is FrameType.Reset or FrameType.GoAway);
    }

    [Fact]
    public async Task A_refusal_is_one_block_of_headers()
    {
        using var client = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        await client.SendAsync(FrameClient.CallHeaders(1, RawClient.Echo), Cancel);
        await client.SendAsync(FrameClient.Encode(FrameType.Data, 1, 1, [0, 0]), Cancel);

        Frame frame;
        do
        {
            frame = await client.ReadAsync(Cancel);
        }
        while (frame.Stream != 1 || frame.Type == FrameType.WindowUpdate);

        Assert.Equal(FrameType.Headers, frame.Type);
        Assert.True(frame.EndsStream);
    }
}
