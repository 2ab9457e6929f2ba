using Cdp.Client;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

public sealed class CallKindTests(ProbeServer server) : IClassFixture<ProbeServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_unary_call_answers_the_request()
    {
        var request = new Payload { Number = 42, Text = "Größe", Data = ByteString.CopyFrom(1, 2, 3) };

        Assert.Equal(request, await server.Channel.UnaryAsync(ProbeMethods.Echo, request, cancellationToken: Cancel));
    }

    [Fact]
    public async Task An_empty_message_is_a_message()
    {
        Assert.Equal(new Payload(), await server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload(), cancellationToken: Cancel));
        Assert.Equal(0, (await server.Channel.UnaryAsync(ProbeMethods.Measure, new Payload(), cancellationToken: Cancel)).Bytes);
    }

    [Fact]
    public async Task A_reply_that_was_encoded_before_arrives_as_its_message()
    {
        var request = new Payload { Number = 42, Text = "Größe", Data = ByteString.CopyFrom(1, 2, 3) };

        Assert.Equal(request, await server.Channel.UnaryAsync(ProbeMethods.Small, request, cancellationToken: Cancel));
        Assert.Equal(new Payload(), await server.Channel.UnaryAsync(ProbeMethods.Small, new Payload(), cancellationToken: Cancel));
    }

    [Theory]
    [InlineData(16 << 10)]
    [InlineData(1 << 20)]
    [InlineData((4 << 20) - 64)]
    public async Task Large_messages_pass_both_ways(int size)
    {
        var data = new byte[size];
        new Random(size).NextBytes(data);
        var request = new Payload { Data = ByteString.CopyFrom(data) };

        Assert.Equal(request, await server.Channel.UnaryAsync(ProbeMethods.Echo, request, cancellationToken: Cancel));
        Assert.Equal(request.CalculateSize(), (await server.Channel.UnaryAsync(ProbeMethods.Measure, request, cancellationToken: Cancel)).Bytes);
    }

    [Fact]
    public async Task A_server_stream_arrives_whole_and_in_order()
    {
        var numbers = new List<long>();
        var request = new CountRequest { Count = 2000, Size = 5000 };

        await foreach (var reply in server.Channel.ServerStreamingAsync(ProbeMethods.Count, request, cancellationToken: Cancel))
        {
            Assert.Equal(5000, reply.Data.Length);
            numbers.Add(reply.Number);
        }

        Assert.Equal(Enumerable.Range(0, 2000).Select(number => (long)number), numbers);
    }

    [Fact]
    public async Task A_server_stream_without_messages_ends_with_OK()
    {
        var replies = server.Channel.ServerStreamingAsync(ProbeMethods.Count, new CountRequest(), cancellationToken: Cancel);

        Assert.Empty(await replies.ToListAsync(Cancel));
    }

    [Fact]
    public async Task A_server_stream_can_fail_after_its_messages()
    {
        var received = 0;

        var error = await Assert.ThrowsAsync<CallException>(async () =>
        {
            await foreach (var _ in server.Channel.ServerStreamingAsync(
                ProbeMethods.Count, new CountRequest { Count = 3, Code = (int)Code.DataLoss }, cancellationToken: Cancel))
            {
                received++;
            }
        });

        Assert.Equal(3, received);
        Assert.Equal(Code.DataLoss, error.StatusCode);
        Assert.Equal("3", error.Trailers.Get("x-sent"));
    }

    [Fact]
    public async Task A_client_stream_is_summed_up()
    {
        await using var call = server.Channel.ClientStreaming(ProbeMethods.Sum, cancellationToken: Cancel);
        for (var number = 1; number <= 1000; number++)
        {
            await call.WriteAsync(new Payload { Number = number, Data = ByteString.CopyFrom(new byte[1000]) }, Cancel);
        }

        Assert.Equal(new Totals { Count = 1000, Sum = 500_500, Bytes = 1_000_000 }, await call.FinishAsync(Cancel));
    }

    [Fact]
    public async Task An_empty_client_stream_is_answered()
    {
        await using var call = server.Channel.ClientStreaming(ProbeMethods.Sum, cancellationToken: Cancel);

        Assert.Equal(new Totals(), await call.FinishAsync(Cancel));
    }

    [Fact]
    public async Task A_duplex_stream_answers_message_by_message()
    {
        await using var call = server.Channel.DuplexStreaming(ProbeMethods.Talk, cancellationToken: Cancel);
        for (var number = 0; number < 100; number++)
        {
            await call.WriteAsync(new Payload { Number = number }, Cancel);
            Assert.Equal(number, (await call.ReadAsync(Cancel))!.Number);
        }

        await call.CompleteAsync();
        Assert.Null(await call.ReadAsync(Cancel));
    }

    [Fact]
    public async Task A_raw_duplex_stream_sees_each_message_as_sent()
    {
        await using var call = server.Channel.DuplexStreaming(ProbeMethods.MeasureEach, cancellationToken: Cancel);
        foreach (var size in (int[])[0, 1, 100, 70_000, 2_000_000, 5])
        {
            var request = new Payload { Data = ByteString.CopyFrom(new byte[size]) };
            await call.WriteAsync(request, Cancel);
            Assert.Equal(request.CalculateSize(), (await call.ReadAsync(Cancel))!.Bytes);
        }

        await call.CompleteAsync();
        Assert.Null(await call.ReadAsync(Cancel));
    }

    [Fact]
    public async Task Flow_control_holds_a_fast_writer_without_losing_messages()
    {
        await using var call = server.Channel.DuplexStreaming(ProbeMethods.Talk, cancellationToken: Cancel);
        var writing = Task.Run(
            async () =>
            {
                for (var number = 0; number < 500; number++)
                {
                    await call.WriteAsync(new Payload { Number = number, Data = ByteString.CopyFrom(new byte[50_000]) }, Cancel);
                }

                await call.CompleteAsync();
            },
            Cancel);

        var numbers = await call.ReadAllAsync(Cancel).Select(reply => reply.Number).ToListAsync(Cancel);
        await writing;

        Assert.Equal(Enumerable.Range(0, 500).Select(number => (long)number), numbers);
    }

    [Fact]
    public async Task Many_calls_run_in_parallel()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 2000).Select(number =>
            server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload { Number = number }, cancellationToken: Cancel)));

        Assert.Equal(Enumerable.Range(0, 2000).Select(number => (long)number), replies.Select(reply => reply.Number));
    }
}
