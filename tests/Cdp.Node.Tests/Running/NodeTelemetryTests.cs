using System.Globalization;
using System.Text;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.CrashKit.Observing;
using Cdp.V1;

namespace Cdp.Node.Tests.Running;

/// <summary>What a node sends by OTLP when it is told where to.</summary>
public sealed class NodeTelemetryTests : IAsyncLifetime, IDisposable
{
    private const string Email = "ana.heron@example.com";
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Caller = "b7ad6b7169203331";

    /// <summary>How long anything may take.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();
    private OtlpReceiver? _receiver;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private OtlpReceiver Receiver => _receiver!;

    public async ValueTask InitializeAsync() => _receiver = await OtlpReceiver.StartAsync(Cancel);

    public ValueTask DisposeAsync() => Receiver.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Metrics_traces_and_logs_say_what_happened_and_name_nobody()
    {
        string id;
        await using (var node = Serve(("OTEL_EXPORTER_OTLP_ENDPOINT", Receiver.Address)))
        {
            id = await UseAsync(node);
            await UntilAsync(
                node,
                ("accepted", () => Receiver.Value("cdp.events.accepted") == 1),
                ("refused", () => Receiver.Value("cdp.events.refused", ("reason", "EMAIL_INVALID")) == 1),
                ("calls answered", () => Receiver.Value("rpc.server.call.duration", ("rpc.method", "cdp.v1.Ingest/PublishEvents"), ("rpc.response.status_code", "OK")) == 1),
                ("the runtime", () => Receiver.Value("dotnet.gc.collections") is not null),
                ("Kestrel", () => Receiver.Value("kestrel.active_connections") is not null),
                ("the caller's trace", () => Receiver.Spans.Any(span => span.Trace == Trace)));
            await node.SignalAsync("TERM", Cancel);
            Assert.Equal(0, await node.WaitAsync(Cancel));
        }

        var call = Assert.Single(Receiver.Spans, span => span.Trace == Trace);
        Assert.Equal(("cdp.v1.Profiles/GetProfile", Caller, "OK"), (call.Name, call.Parent, call.Tags["rpc.response.status_code"]));
        Assert.Equal(("cdp", "tests"), (Receiver.Resource["service.name"], Receiver.Resource["deployment.environment.name"]));
        foreach (var text in Receiver.Bodies.Select(body => Encoding.Latin1.GetString(body)))
        {
            Assert.DoesNotContain(Email, text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(id, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task It_sends_nothing_where_no_receiver_is_named()
    {
        await using var node = Serve();
        await UseAsync(node);
        await node.SignalAsync("TERM", Cancel);
        Assert.Equal(0, await node.WaitAsync(Cancel));
        Assert.Empty(Receiver.Bodies);
    }

    private CdpProcess Serve(params IEnumerable<(string Name, string Value)> settings) => CdpProcess.Serve(
        _folder.File("data"), partitions: 4, settings: new Dictionary<string, string>(settings.Select(setting => KeyValuePair.Create(setting.Name, setting.Value)))
        {
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf", ["OTEL_METRIC_EXPORT_INTERVAL"] = "500", ["OTEL_BSP_SCHEDULE_DELAY"] = "200", ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=tests",
        });

    /// <summary>Publishes an event of a customer and one that is refused, and reads the customer as a part of a trace.</summary>
    private static async Task<string> UseAsync(CdpProcess node)
    {
        using var client = CdpProcess.Connect((await node.Address)!);
        var sent = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Event("1", Email), Event("2", "no address") } }, cancellationToken: Cancel);
        var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = new Identifier { Namespace = "email", Value = Email } }, Purpose = "service", AfterToken = sent.Token };
        return (await client.Profiles.GetProfileAsync(read, new CallOptions { Headers = new CallMetadata { { "traceparent", $"00-{Trace}-{Caller}-01" } } }, Cancel)).Profile.CustomerId;
    }

    private static Event Event(string id, string email) => new()
    {
        Id = id, Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web", Identifiers = { new Identifier { Namespace = "email", Value = email } },
    };

    /// <summary>Waits until all of it came.</summary>
    private async Task UntilAsync(CdpProcess node, params (string What, Func<bool> Came)[] expected)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var deadline = DateTime.UtcNow + Limit; !Array.TrueForAll(expected, one => one.Came()); await timer.WaitForNextTickAsync(Cancel))
        {
            if (DateTime.UtcNow < deadline) continue;
            var points = string.Join('\n', Receiver.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.Metric} {point.Value} {string.Join(' ', point.Tags)}")));
            throw new TimeoutException($"Within {Limit} this did not come: {string.Join(", ", expected.Where(one => !one.Came()).Select(one => one.What))}\n{points}\n{node.Output}");
        }
    }
}
