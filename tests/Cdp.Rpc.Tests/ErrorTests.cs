using Cdp.Client;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

public sealed class ErrorTests(ProbeServer server) : IClassFixture<ProbeServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<Code> Failures => [.. Enum.GetValues<Code>().Where(code => code != Code.Ok)];

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Every_status_arrives_with_its_message(Code code)
    {
        var error = await FailAsync(new FailRequest { Code = (int)code, Message = "100% Größe\r\n漢字 🧺" });

        Assert.Equal(code, error.StatusCode);
        Assert.Equal("100% Größe\r\n漢字 🧺", error.Message);
        Assert.Null(error.Reason);
    }

    [Fact]
    public async Task Rich_details_arrive()
    {
        var error = await FailAsync(new FailRequest { Code = (int)Code.InvalidArgument, Message = "bad", Reason = "TOO_OLD", Field = "a.b[2]", RetryMillis = 1500 });

        Assert.Equal("TOO_OLD", error.Reason);
        Assert.Equal("probe", error.Domain);
        var violation = Assert.Single(error.FieldViolations);
        Assert.Equal(("a.b[2]", "is wrong"), (violation.Field, violation.Description));
        Assert.Equal(TimeSpan.FromMilliseconds(1500), error.RetryDelay);
    }

    [Fact]
    public async Task An_unexpected_exception_is_logged_and_not_shown()
    {
        var error = await FailAsync(new FailRequest());

        Assert.Equal(Code.Internal, error.StatusCode);
        Assert.DoesNotContain(ProbeService.SecretText, error.ToString(), StringComparison.Ordinal);
        Assert.Contains(server.Log.Errors, logged => logged.Message == ProbeService.SecretText);
    }

    [Fact]
    public async Task A_very_long_message_does_not_cost_the_status()
    {
        var error = await FailAsync(new FailRequest { Code = (int)Code.Aborted, Message = new string('漢', 100_000), Reason = "LONG" });

        Assert.Equal(Code.Aborted, error.StatusCode);
        Assert.StartsWith("漢漢漢", error.Message, StringComparison.Ordinal);
        Assert.All(error.Message, character => Assert.Equal('漢', character));
    }

    [Fact]
    public async Task Metadata_comes_back_in_headers_and_trailers()
    {
        byte[] bytes = [255, 0, 13, 10];
        var headers = new CallMetadata();
        headers.Add("x-echo", "some text; with=signs");
        headers.Add("x-echo-bin", bytes);
        headers.Add("x-echo-bin", bytes.AsSpan(0, 1));
        var response = new ResponseMetadata();

        await server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload(), new CallOptions { Headers = headers, Response = response }, Cancel);

        Assert.Equal("some text; with=signs", response.Headers.Get("x-echo"));
        Assert.Equal("some text; with=signs", response.Trailers.Get("x-echo-trailer"));
        Assert.Equal([bytes, [255]], response.Headers.GetBytes("x-echo-bin"));
        Assert.Equal([bytes, [255]], response.Trailers.GetBytes("x-echo-trailer-bin"));
    }

    [Theory]
    [InlineData("Upper", "text")]
    [InlineData("grpc-status", "0")]
    [InlineData("x-bytes-bin", "text")]
    [InlineData("x-text", "Größe")]
    [InlineData("x text", "text")]
    [InlineData("te", "trailers")]
    public void Metadata_that_cannot_be_sent_is_refused(string name, string value)
    {
        Assert.ThrowsAny<ArgumentException>(() => new CallMetadata().Add(name, value));
    }

    [Fact]
    public async Task A_method_has_a_limit_of_its_own()
    {
        var fits = new Payload { Data = ByteString.CopyFrom(new byte[ProbeService.SmallLimit - 3]) };
        Assert.Equal(ProbeService.SmallLimit, fits.CalculateSize());
        var tooLarge = new Payload { Data = ByteString.CopyFrom(new byte[ProbeService.SmallLimit - 2]) };

        Assert.Equal(fits, await server.Channel.UnaryAsync(ProbeMethods.Small, fits, cancellationToken: Cancel));
        var error = await Assert.ThrowsAsync<CallException>(() => server.Channel.UnaryAsync(ProbeMethods.Small, tooLarge, cancellationToken: Cancel));
        Assert.Equal(Code.ResourceExhausted, error.StatusCode);
    }

    [Fact]
    public async Task The_servers_limit_holds_for_calls_and_within_streams()
    {
        var tooLarge = new Payload { Data = ByteString.CopyFrom(new byte[5 << 20]) };
        var unary = await Assert.ThrowsAsync<CallException>(() => server.Channel.UnaryAsync(ProbeMethods.Echo, tooLarge, cancellationToken: Cancel));

        await using var call = server.Channel.DuplexStreaming(ProbeMethods.Talk, cancellationToken: Cancel);
        await call.WriteAsync(new Payload { Number = 1 }, Cancel);
        Assert.Equal(1, (await call.ReadAsync(Cancel))!.Number);
        var writing = call.WriteAsync(tooLarge, Cancel);
        var streamed = await Assert.ThrowsAsync<CallException>(() => call.ReadAsync(Cancel));
        await Record.ExceptionAsync(() => writing);

        Assert.Equal(Code.ResourceExhausted, unary.StatusCode);
        Assert.Equal(Code.ResourceExhausted, streamed.StatusCode);
    }

    [Fact]
    public async Task The_client_limits_what_it_sends_and_takes()
    {
        using var channel = new RpcChannel(server.Address, new RpcChannelOptions { MaxRequestBytes = 100, MaxReplyBytes = 100 });

        var sent = await Assert.ThrowsAsync<CallException>(() =>
            channel.UnaryAsync(ProbeMethods.Echo, new Payload { Data = ByteString.CopyFrom(new byte[101]) }, cancellationToken: Cancel));
        var received = await Assert.ThrowsAsync<CallException>(async () =>
            await channel.ServerStreamingAsync(ProbeMethods.Count, new CountRequest { Count = 1, Size = 101 }, cancellationToken: Cancel).ToListAsync(Cancel));

        Assert.Equal(Code.ResourceExhausted, sent.StatusCode);
        Assert.Equal(Code.ResourceExhausted, received.StatusCode);
    }

    [Fact]
    public async Task Writing_to_a_call_that_the_server_has_refused_tells_its_status()
    {
        var gated = await ProbeServer.StartAsync(_ => new(new RpcError(Code.Unauthenticated, "no key") { Reason = "NO_KEY" }));
        await using var _ = gated;
        await using var call = gated.Channel.DuplexStreaming(ProbeMethods.Talk, cancellationToken: Cancel);
        await Assert.ThrowsAsync<CallException>(() => call.ReadAsync(Cancel));

        var error = await Assert.ThrowsAsync<CallException>(() => call.WriteAsync(new Payload(), Cancel));

        Assert.Equal((Code.Unauthenticated, "NO_KEY"), (error.StatusCode, error.Reason));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_UNAVAILABLE()
    {
        var gone = await ProbeServer.StartAsync();
        await gone.Server.StopAsync(TimeSpan.Zero);

        var error = await Assert.ThrowsAsync<CallException>(() => gone.Channel.UnaryAsync(ProbeMethods.Echo, new Payload(), cancellationToken: Cancel));

        Assert.Equal(Code.Unavailable, error.StatusCode);
        await gone.DisposeAsync();
    }

    private Task<CallException> FailAsync(FailRequest request) =>
        Assert.ThrowsAsync<CallException>(() => server.Channel.UnaryAsync(ProbeMethods.Fail, request, cancellationToken: Cancel));
}
