using System.Diagnostics.Metrics;
using Cdp.Client;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Cdp.Rpc.Tests;

public sealed class ServerTests
{
    private static readonly ClientMethod<HealthCheckRequest, HealthCheckResponse> Check = new(HealthReflection.Descriptor.Services[0], "Check");
    private static readonly ClientMethod<HealthCheckRequest, HealthCheckResponse> Watch = new(HealthReflection.Descriptor.Services[0], "Watch");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_method_without_a_handler_stops_the_start_with_its_name()
    {
        var service = RpcService.For(HealthReflection.Descriptor.Services[0])
            .Unary<HealthCheckRequest, HealthCheckResponse>("Check", (_, _) => new(new HealthCheckResponse()));
        var partial = RpcService.For(ProbeReflection.Descriptor.Services[0])
            .Unary<Payload, Payload>("Echo", (request, _) => new(request));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            RpcServer.StartAsync(new RpcServerOptions { ErrorDomain = "probe" }, [partial], Cancel));
        var twice = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            RpcServer.StartAsync(new RpcServerOptions { ErrorDomain = "probe" }, [service], Cancel));

        Assert.Contains("probe.v1.Probe", error.Message, StringComparison.Ordinal);
        Assert.Contains("Measure", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Echo", error.Message, StringComparison.Ordinal);
        Assert.Contains("bound twice", twice.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_handler_that_does_not_fit_its_method_is_refused()
    {
        var service = RpcService.For(ProbeReflection.Descriptor.Services[0]);

        Assert.Throws<ArgumentException>(() => service.Unary<Payload, Payload>("Nothing", (request, _) => new(request)));
        Assert.Throws<ArgumentException>(() => service.Unary<Payload, Payload>("Talk", (request, _) => new(request)));
        Assert.Throws<ArgumentException>(() => service.Unary<Size, Payload>("Echo", (_, _) => new(new Payload())));
        Assert.Throws<ArgumentException>(() => service.Unary<Payload, Size>("Echo", (_, _) => new(new Size())));
        service.Unary<Payload, Payload>("Echo", (request, _) => new(request));
        Assert.Throws<ArgumentException>(() => service.Unary<Payload, Payload>("Echo", (request, _) => new(request)));
    }

    [Fact]
    public async Task The_gate_refuses_a_call_and_names_its_caller()
    {
        await using var server = await ProbeServer.StartAsync(context =>
        {
            if (context.GetHeader("authorization") is not "Bearer open")
            {
                return new(new RpcError(Code.Unauthenticated, "The key is unknown.") { Reason = "KEY_UNKNOWN" });
            }

            context.UserState = "somebody";
            return default;
        });
        using var channel = new RpcChannel(server.Address, new RpcChannelOptions { BearerToken = "open" });
        var response = new ResponseMetadata();

        var error = await Assert.ThrowsAsync<CallException>(() => server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload(), cancellationToken: Cancel));
        await channel.UnaryAsync(ProbeMethods.Echo, new Payload(), new CallOptions { Response = response }, Cancel);

        Assert.Equal((Code.Unauthenticated, "KEY_UNKNOWN"), (error.StatusCode, error.Reason));
        Assert.Equal("somebody", response.Trailers.Get("x-user"));
    }

    [Fact]
    public async Task Health_needs_no_key()
    {
        await using var server = await ProbeServer.StartAsync(_ => new(new RpcError(Code.Unauthenticated, "no")));

        Assert.Equal(ServingStatus.Serving, (await server.Channel.UnaryAsync(Check, new HealthCheckRequest(), cancellationToken: Cancel)).Status);
    }

    [Fact]
    public async Task Health_checks_tell_the_status_of_each_service()
    {
        await using var server = await ProbeServer.StartAsync();
        server.Server.Health.Set("probe.v1.Probe", ServingStatus.NotServing);

        Assert.Equal(ServingStatus.Serving, await CheckAsync(""));
        Assert.Equal(ServingStatus.NotServing, await CheckAsync("probe.v1.Probe"));
        var error = await Assert.ThrowsAsync<CallException>(() => CheckAsync("nobody"));
        Assert.Equal(Code.NotFound, error.StatusCode);

        async Task<ServingStatus> CheckAsync(string service) =>
            (await server.Channel.UnaryAsync(Check, new HealthCheckRequest { Service = service }, cancellationToken: Cancel)).Status;
    }

    [Fact]
    public async Task A_watch_tells_every_change_once_and_ends_when_the_server_stops()
    {
        await using var server = await ProbeServer.StartAsync();
        var watch = server.Channel.ServerStreamingAsync(Watch, new HealthCheckRequest { Service = "later" }, cancellationToken: Cancel).GetAsyncEnumerator(Cancel);
        await using var _ = watch;

        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync());
        server.Server.Health.Set("later", ServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, await NextAsync());
        server.Server.Health.Set("later", ServingStatus.Serving);
        server.Server.Health.Set("other", ServingStatus.Serving);
        server.Server.Health.Set("later", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, await NextAsync());
        server.Server.Health.Set("later", ServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, await NextAsync());

        var stopping = server.Server.StopAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(ServingStatus.NotServing, await NextAsync());
        var end = await Assert.ThrowsAsync<CallException>(async () => await watch.MoveNextAsync());
        await stopping;
        Assert.Equal(Code.Unavailable, end.StatusCode);

        async Task<ServingStatus> NextAsync()
        {
            Assert.True(await watch.MoveNextAsync());
            return watch.Current.Status;
        }
    }

    [Fact]
    public async Task A_stop_lets_calls_finish_and_takes_no_new_connection()
    {
        await using var server = await ProbeServer.StartAsync();
        var call = server.Channel.UnaryAsync(ProbeMethods.Stubborn, new Key { Key_ = "a" }, cancellationToken: Cancel);
        await server.Probe.Entered("a").WaitAsync(Cancel);

        var stopping = server.Server.StopAsync(TimeSpan.FromMinutes(5));
        using var late = new RpcChannel(server.Address);
        var refused = await Assert.ThrowsAsync<CallException>(() => late.UnaryAsync(ProbeMethods.Echo, new Payload(), cancellationToken: Cancel));
        Assert.False(stopping.IsCompleted);
        server.Probe.Release("a");

        Assert.Equal("late", (await call).Text);
        await stopping;
        Assert.Equal(Code.Unavailable, refused.StatusCode);
    }

    [Fact]
    public async Task A_stop_sends_clients_elsewhere_before_their_calls_have_ended()
    {
        await using var server = await ProbeServer.StartAsync();
        using var client = await FrameClient.ConnectAsync(server.Server.Port, Cancel);
        await client.SendAsync(FrameClient.CallHeaders(1, "/probe.v1.Probe/Stubborn"), Cancel);
        await client.SendAsync(FrameClient.Encode(FrameType.Data, 1, 1, RawClient.Frame(new Key { Key_ = "a" }.ToByteArray())), Cancel);
        await server.Probe.Entered("a").WaitAsync(Cancel);

        var stopping = server.Server.StopAsync(TimeSpan.FromMinutes(5));
        var frames = new List<Frame>();
        do
        {
            frames.Add(await client.ReadAsync(Cancel));
        }
        while (frames[^1].Type != FrameType.GoAway);
        server.Probe.Release("a");
        do
        {
            frames.Add(await client.ReadAsync(Cancel));
        }
        while (frames[^1] is not { Stream: 1, Type: FrameType.Headers, EndsStream: true });

        // As clients do once told to go: Kestrel notices that a connection is idle only when something arrives on it.
        client.Dispose();
        await stopping;
        Assert.Equal(FrameType.GoAway, frames.First(frame => frame.Type is FrameType.GoAway or FrameType.Headers).Type);
    }

    [Fact]
    public async Task A_stop_cuts_calls_off_at_its_limit()
    {
        var time = new ManualTime();
        await using var server = await ProbeServer.StartAsync(time: time);
        var call = server.Channel.UnaryAsync(ProbeMethods.Hang, new Key { Key_ = "a" }, cancellationToken: Cancel);
        await server.Probe.Entered("a").WaitAsync(Cancel);

        var stopping = server.Server.StopAsync(TimeSpan.FromMinutes(5));
        time.Advance(TimeSpan.FromMinutes(5));

        await server.Probe.Cancelled("a").WaitAsync(Cancel);
        await stopping;
        await Assert.ThrowsAsync<CallException>(() => call);
    }

    [Fact]
    public async Task Calls_are_counted_by_method_and_status()
    {
        var counted = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "Cdp.Rpc")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Record(instrument.Name, tags));
        listener.Start();

        await using (var server = await ProbeServer.StartAsync())
        {
            // Other servers of the process count into the same meter.
            foreach (var code in (Code[])[Code.OutOfRange, Code.DataLoss])
                await Assert.ThrowsAsync<CallException>(() => server.Channel.UnaryAsync(ProbeMethods.Fail, new FailRequest { Code = (int)code, Message = "m" }, cancellationToken: Cancel));
            await server.Server.StopAsync(TimeSpan.FromMinutes(1));
        }

        listener.Dispose();
        Assert.Equal(["rpc.server.call.duration grpc DATA_LOSS DATA_LOSS", "rpc.server.call.duration grpc OUT_OF_RANGE"], counted.Distinct().Order(StringComparer.Ordinal));

        void Record(string name, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (counted)
            {
                var text = string.Join(' ', (object?[])[name, .. tags.ToArray().Where(tag => tag.Key != "rpc.method").Select(tag => tag.Value)]);
                if (tags.Contains(new("rpc.method", "probe.v1.Probe/Fail")) && (text.Contains("OUT_OF_RANGE", StringComparison.Ordinal) || text.Contains("DATA_LOSS", StringComparison.Ordinal)))
                {
                    counted.Add(text);
                }
            }
        }
    }
}
