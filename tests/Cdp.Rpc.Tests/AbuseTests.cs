using System.Net;
using System.Net.Sockets;
using System.Text;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;

namespace Cdp.Rpc.Tests;

/// <summary>Clients that hold connections, streams and time, or flood with what costs them nothing. docs/limits.md has the limits.</summary>
public sealed class AbuseTests
{
    private const int RefusedStream = 7;

    /// <summary>Calls of a connection, reset ones included, whose handlers Kestrel lets run at least; twice those that may be open where that is more.</summary>
    private const int Remembered = 100;
    private const int MostResets = 20_000;

    /// <summary>As short as Kestrel, which looks at its clock once a second, can tell.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flood_of_pings_stops_where_its_answers_are_not_read_and_harms_nobody_else()
    {
        await using var server = await ProbeServer.StartAsync();
        using var flooding = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        var pings = Enumerable.Repeat(FrameClient.Encode(FrameType.Ping, 0, 0, new byte[8]), 60_000).SelectMany(ping => ping).ToArray();

        // Some 60 MB at most, of which the system's buffers take a few; a server that reads on, and keeps answers, takes them all.
        var taken = 0;
        while (taken < 60 && flooding.TrySend(pings, patience: TimeSpan.FromSeconds(3))) taken++;

        Assert.InRange(taken, 0, 59);
        Assert.Equal(1, (await server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload { Number = 1 }, cancellationToken: Cancel)).Number);
    }

    [Fact]
    public async Task Calls_begun_and_reset_without_end_close_the_connection()
    {
        await using var server = new ProbeServer { MaxCallsPerConnection = 10 };
        await server.InitializeAsync();
        using var client = await FrameClient.ConnectAsync(server.Server.Port, Cancel);

        // The handlers go on although their calls were reset, as those that wait for a store may for a while.
        var ending = client.ReadToEndAsync(Cancel, until: FrameType.Ping);
        var calls = 0;
        try
        {
            for (; calls < MostResets && !ending.IsCompleted; calls++)
            {
                var stream = (2 * calls) + 1;
                await client.SendAsync(
                    [
                        .. FrameClient.CallHeaders(stream, "/probe.v1.Probe/Stubborn"), .. FrameClient.Encode(FrameType.Data, 1, stream, RawClient.Frame(new Key { Key_ = "reset" }.ToByteArray())),
                        .. FrameClient.Encode(FrameType.Reset, 0, stream, [0, 0, 0, 8]),
                    ],
                    Cancel);
            }

            // A client may be faster than its server and have sent them all by now; one that is not closed answers this.
            await client.SendAsync(FrameClient.Encode(FrameType.Ping, 0, 0, new byte[8]), Cancel);
        }
        catch (SocketException)
        {
            // Closed by the server.
        }

        Assert.InRange(calls, Remembered, MostResets);
        Assert.DoesNotContain(await ending, frame => frame.Type == FrameType.Ping);
        Assert.Equal(1, (await server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload { Number = 1 }, cancellationToken: Cancel)).Number);
        server.Probe.Release("reset");
    }

    [Fact]
    public async Task A_call_more_than_a_connection_may_have_open_is_refused_and_the_others_go_on()
    {
        await using var server = new ProbeServer { MaxCallsPerConnection = 3 };
        await server.InitializeAsync();
        using var client = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        for (var number = 0; number < 4; number++)
        {
            await client.SendAsync(FrameClient.CallHeaders((2 * number) + 1, "/probe.v1.Probe/Hang"), Cancel);
            await client.SendAsync(FrameClient.Encode(FrameType.Data, 1, (2 * number) + 1, RawClient.Frame(new Key { Key_ = $"open-{number}" }.ToByteArray())), Cancel);
        }

        var frames = await client.PingAsync(Cancel);
        Assert.Equal((7, RefusedStream), frames.Where(frame => frame.Type == FrameType.Reset).Select(frame => (frame.Stream, frame.Error)).Single());
        foreach (var number in (int[])[0, 1, 2]) await server.Probe.Entered($"open-{number}").WaitAsync(Cancel);
        Assert.False(server.Probe.Entered("open-3").IsCompleted);
    }

    [Fact]
    public async Task Headers_without_end_are_cut_off()
    {
        await using var server = await ProbeServer.StartAsync();
        using var client = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        var begun = FrameClient.CallHeaders(1, RawClient.Echo);
        begun[4] = 0;
        var more = FrameClient.Encode(FrameType.Continuation, 0, 1, [.. Enumerable.Repeat((byte[])[0, 1, (byte)'x', 100, .. Encoding.ASCII.GetBytes(new string('v', 100))], 100).SelectMany(header => header)]);
        Assert.True(client.TrySend(begun, Short));
        for (var sent = 0; sent < 100 && client.TrySend(more, Short); sent++)
        {
        }

        Assert.Contains(await client.ReadToEndAsync(Cancel), frame => frame.Type == FrameType.GoAway);
    }

    [Theory]
    [InlineData("")]
    [InlineData("POST /probe.v1.Probe/Echo HTTP/1.1\r\n")]
    [InlineData("POST /probe.v1.Probe/Echo HTTP/1.1\r\nHost: a\r\nX: ")]
    public async Task Who_sends_no_headers_or_never_ends_them_is_closed(string sent)
    {
        await using var server = await StartAsync(new RpcConnectionLimits { HeadersTimeout = Short, IdleTimeout = Short });
        using var client = await ConnectAsync(server.Server.HttpEndPoint!);
        await client.SendAsync(Encoding.ASCII.GetBytes(sent), Cancel);

        var answer = await ReadToEndAsync(client);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), answer);
    }

    [Fact]
    public async Task A_connection_that_idles_is_closed()
    {
        await using var server = await StartAsync(new RpcConnectionLimits { IdleTimeout = Short });
        using var client = await ConnectAsync(server.Server.HttpEndPoint!);
        await client.SendAsync("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), Cancel);
        Assert.EndsWith("alive\r\n0\r\n\r\n", await ReadToEndAsync(client), StringComparison.Ordinal);

        using var other = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        Assert.Contains(await other.ReadToEndAsync(Cancel), frame => frame is { Type: FrameType.GoAway, Error: 0 });
    }

    [Fact]
    public async Task A_body_that_trickles_is_refused_with_its_reason()
    {
        await using var server = await StartAsync(new RpcConnectionLimits { BodyGrace = Short * 1.5 });
        using var client = await ConnectAsync(server.Server.HttpEndPoint!);
        await client.SendAsync("POST /probe.v1.Probe/Echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{ \"text\""u8.ToArray(), Cancel);

        var answer = await ReadToEndAsync(client);
        Assert.StartsWith("HTTP/1.1 499 ", answer, StringComparison.Ordinal);
        Assert.Contains("BODY_TOO_SLOW", answer, StringComparison.Ordinal);
        Assert.Empty(server.Log.Errors);
    }

    [Fact]
    public async Task A_message_of_gRPC_that_trickles_ends_its_connection_and_a_stream_of_them_may_take_its_time()
    {
        await using var server = await StartAsync(new RpcConnectionLimits { BodyGrace = Short * 1.5 });
        using var patient = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        await patient.SendAsync(FrameClient.CallHeaders(1, "/probe.v1.Probe/Sum"), Cancel);
        using var client = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        await client.SendAsync(FrameClient.CallHeaders(1, RawClient.Echo), Cancel);
        await client.SendAsync(FrameClient.Encode(FrameType.Data, 0, 1, [0, 0, 0, 1, 0, 10]), Cancel);

        // Closed, whether its last words arrive or not; else this would wait for ever.
        await client.ReadToEndAsync(Cancel);
        await patient.SendAsync(FrameClient.Encode(FrameType.Data, 1, 1, RawClient.Frame(new Payload { Number = 1 }.ToByteArray())), Cancel);
        Assert.DoesNotContain(await patient.PingAsync(Cancel), frame => frame.Type is FrameType.GoAway or FrameType.Reset);
    }

    [Fact]
    public async Task A_client_that_vanished_ends_its_calls()
    {
        await using var server = await StartAsync(new RpcConnectionLimits { PingDelay = Short, PingTimeout = Short });
        using var client = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        await client.SendAsync(FrameClient.CallHeaders(1, "/probe.v1.Probe/Hang"), Cancel);
        await client.SendAsync(FrameClient.Encode(FrameType.Data, 1, 1, RawClient.Frame(new Key { Key_ = "vanished" }.ToByteArray())), Cancel);

        // It answers no ping.
        await server.Probe.Cancelled("vanished").WaitAsync(Cancel);
    }

    [Fact]
    public async Task A_connection_too_many_is_closed_at_once()
    {
        await using var server = await StartAsync(new RpcConnectionLimits { MaxConnections = 2 });
        using var first = await ConnectAsync(server.Server.HttpEndPoint!);
        using var second = await ConnectAsync(server.Server.HttpEndPoint!);
        foreach (var client in (Socket[])[first, second])
        {
            await client.SendAsync("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), Cancel);
            Assert.NotEqual(0, await client.ReceiveAsync(new byte[1000], Cancel));
        }

        using var third = await ConnectAsync(server.Server.HttpEndPoint!);
        Assert.Equal("", await ReadToEndAsync(third));
        Assert.Equal(1, (await server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload { Number = 1 }, cancellationToken: Cancel)).Number);
    }

    private static async Task<ProbeServer> StartAsync(RpcConnectionLimits limits)
    {
        var server = new ProbeServer { Connections = limits };
        await server.InitializeAsync();
        return server;
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, Cancel);
        return socket;
    }

    /// <summary>All that the server says until it closes.</summary>
    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, Cancel) is > 0 and var read) text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        catch (SocketException)
        {
            // Reset, since something was not read: that is an end as well.
        }

        return text.ToString();
    }
}
