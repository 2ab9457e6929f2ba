using Cdp.Client;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

public sealed class DeadlineTests
{
    private static readonly CallOptions OneHour = new() { Timeout = TimeSpan.FromHours(1) };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_server_cancels_a_handler_at_its_deadline()
    {
        var time = new ManualTime();
        await using var server = await ProbeServer.StartAsync(time: time);
        var call = server.Channel.UnaryAsync(ProbeMethods.Hang, new Key { Key_ = "a" }, OneHour, Cancel);
        await server.Probe.Entered("a").WaitAsync(Cancel);

        time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromTicks(1));
        Assert.False(server.Probe.Cancelled("a").IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));

        await server.Probe.Cancelled("a").WaitAsync(Cancel);
        Assert.Equal(Code.DeadlineExceeded, (await Assert.ThrowsAsync<CallException>(() => call)).StatusCode);
    }

    [Fact]
    public async Task A_handler_that_ignores_its_deadline_is_answered_for_and_its_reply_dropped()
    {
        var time = new ManualTime();
        await using var server = await ProbeServer.StartAsync(time: time);
        var call = server.Channel.UnaryAsync(ProbeMethods.Stubborn, new Key { Key_ = "a" }, OneHour, Cancel);
        await server.Probe.Entered("a").WaitAsync(Cancel);

        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(Code.DeadlineExceeded, (await Assert.ThrowsAsync<CallException>(() => call)).StatusCode);
        server.Probe.Release("a");

        Assert.Equal(7, (await server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload { Number = 7 }, cancellationToken: Cancel)).Number);
        await server.Server.StopAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(server.Log.Errors);
    }

    [Fact]
    public async Task A_stream_of_replies_ends_at_the_deadline()
    {
        var time = new ManualTime();
        await using var server = await ProbeServer.StartAsync(time: time);
        var received = 0;

        var error = await Assert.ThrowsAsync<CallException>(async () =>
        {
            await foreach (var _ in server.Channel.ServerStreamingAsync(ProbeMethods.Flood, new Key { Key_ = "a" }, OneHour, Cancel))
            {
                if (++received == 100)
                {
                    time.Advance(TimeSpan.FromHours(1));
                }
            }
        });

        Assert.Equal(Code.DeadlineExceeded, error.StatusCode);
        await server.Probe.Cancelled("a").WaitAsync(Cancel);
        Assert.Empty(server.Log.Errors);
    }

    [Fact]
    public async Task A_writer_held_back_by_flow_control_ends_at_the_deadline()
    {
        var time = new ManualTime();
        await using var server = await ProbeServer.StartAsync(time: time);
        using var client = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        await client.SendAsync(FrameClient.CallHeaders(1, "/probe.v1.Probe/Flood", ("grpc-timeout", "1H")), Cancel);
        await client.SendAsync(FrameClient.Encode(FrameType.Data, 1, 1, RawClient.Frame(new Key { Key_ = "a" }.ToByteArray())), Cancel);

        // The client takes what its first window holds and no more.
        for (var taken = 0; taken < FrameClient.FirstWindow;)
        {
            var frame = await client.ReadAsync(Cancel);
            taken += frame.Type == FrameType.Data ? frame.Length : 0;
        }

        time.Advance(TimeSpan.FromHours(1));

        await server.Probe.Cancelled("a").WaitAsync(Cancel);
        Assert.Empty(server.Log.Errors);
    }

    [Fact]
    public async Task A_stream_of_requests_ends_at_the_deadline()
    {
        var time = new ManualTime();
        await using var server = await ProbeServer.StartAsync(time: time);
        await using var call = server.Channel.DuplexStreaming(ProbeMethods.Talk, OneHour, Cancel);
        await call.WriteAsync(new Payload { Number = 1 }, Cancel);
        Assert.Equal(1, (await call.ReadAsync(Cancel))!.Number);

        time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(Code.DeadlineExceeded, (await Assert.ThrowsAsync<CallException>(() => call.ReadAsync(Cancel))).StatusCode);
    }

    [Fact]
    public async Task The_furthest_deadline_of_the_protocol_is_waited_for_in_pieces()
    {
        var time = new ManualTime();
        await using var server = await ProbeServer.StartAsync(time: time);
        using var raw = new RawClient(server.Address);
        var message = RawClient.Frame(new Key { Key_ = "a" }.ToByteArray());
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var call = raw.SendAsync("/probe.v1.Probe/Hang", message, leave.Token, headers: ("grpc-timeout", "99999999H"));
        await server.Probe.Entered("a").WaitAsync(Cancel);

        time.Advance(TimeSpan.FromDays(365));

        Assert.False(server.Probe.Cancelled("a").IsCompleted);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await server.Probe.Cancelled("a").WaitAsync(Cancel);
    }

    [Fact]
    public async Task A_deadline_beyond_one_timer_still_comes()
    {
        var time = new ManualTime();
        await using var server = await ProbeServer.StartAsync(time: time);
        var options = new CallOptions { Timeout = TimeSpan.FromDays(60) };
        var call = server.Channel.UnaryAsync(ProbeMethods.Hang, new Key { Key_ = "a" }, options, Cancel);
        await server.Probe.Entered("a").WaitAsync(Cancel);

        time.Advance(TimeSpan.FromDays(60) - TimeSpan.FromTicks(1));
        Assert.False(server.Probe.Cancelled("a").IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(Code.DeadlineExceeded, (await Assert.ThrowsAsync<CallException>(() => call)).StatusCode);
    }

    [Fact]
    public async Task A_call_without_time_left_is_answered_at_once()
    {
        await using var server = await ProbeServer.StartAsync();
        using var raw = new RawClient(server.Address);

        var answer = await raw.SendAsync(
            "/probe.v1.Probe/Hang", RawClient.Frame(new Key { Key_ = "a" }.ToByteArray()), Cancel, headers: ("grpc-timeout", "0n"));

        Assert.Equal(Code.DeadlineExceeded, answer.Status);
        Assert.True(answer.TrailersOnly);
    }

    [Fact]
    public async Task The_client_gives_up_at_its_own_deadline_and_the_server_learns_of_it()
    {
        var time = new ManualTime();
        await using var server = await ProbeServer.StartAsync();
        using var channel = new RpcChannel(server.Address, new RpcChannelOptions { Time = time });
        var call = channel.UnaryAsync(ProbeMethods.Hang, new Key { Key_ = "a" }, OneHour, Cancel);
        await server.Probe.Entered("a").WaitAsync(Cancel);

        time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(Code.DeadlineExceeded, (await Assert.ThrowsAsync<CallException>(() => call)).StatusCode);
        await server.Probe.Cancelled("a").WaitAsync(Cancel);
    }

    [Fact]
    public async Task A_cancelled_call_cancels_its_handler()
    {
        await using var server = await ProbeServer.StartAsync();
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var call = server.Channel.UnaryAsync(ProbeMethods.Hang, new Key { Key_ = "a" }, cancellationToken: leave.Token);
        await server.Probe.Entered("a").WaitAsync(Cancel);

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await server.Probe.Cancelled("a").WaitAsync(Cancel);
        Assert.Empty(server.Log.Errors);
    }

    [Fact]
    public async Task A_reader_that_leaves_stops_the_stream_of_replies()
    {
        await using var server = await ProbeServer.StartAsync();

        await foreach (var reply in server.Channel.ServerStreamingAsync(ProbeMethods.Flood, new Key { Key_ = "a" }, cancellationToken: Cancel))
        {
            if (reply.Number == 10)
            {
                break;
            }
        }

        await server.Probe.Cancelled("a").WaitAsync(Cancel);
        Assert.Empty(server.Log.Errors);
    }
}
