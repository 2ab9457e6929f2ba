using System.Globalization;
using System.Text;
using Cdp.Client;
using Cdp.CrashKit.Observing;
using Cdp.Silo.Tests.Processes;
using Cdp.V1;

namespace Cdp.Silo.Tests.Observing;

/// <summary>What a silo sends by OTLP when it is told where to.</summary>
public sealed class TelemetryTests : IAsyncLifetime
{
    private const int Customers = 5;
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Caller = "b7ad6b7169203331";

    /// <summary>How long anything may take.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private OtlpReceiver? _receiver;
    private LocalSilo? _silo;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private OtlpReceiver Receiver => _receiver!;

    private LocalSilo Silo => _silo!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await OtlpReceiver.StartAsync(Token);
        _silo = await LocalSilo.StartAsync(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", Receiver.Address), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"), ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=tests"), ("Cdp__Cluster", "watched"), ("Cdp__Partitions", "4"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_silo is not null) await _silo.DisposeAsync();
        if (_receiver is not null) await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task Metrics_count_what_happened()
    {
        await UseAsync();
        await UntilAsync(
            ("events accepted", () => Receiver.Value("cdp.events.accepted") == Customers + 1),
            ("events refused", () => Receiver.Value("cdp.events.refused", ("reason", "EMAIL_INVALID")) == 1),
            ("events applied", () => Receiver.Value("cdp.events.applied") == Customers),
            ("copies", () => Receiver.Value("cdp.events.duplicates") == 1),
            ("readers of partitions", () => Receiver.Value("cdp.partition.readers") == 4 && Receiver.Points.Count(point => point.Metric == "cdp.partition.readers") == 4),
            ("nothing behind", () => Receiver.Value("cdp.partition.behind") == 0),
            ("live customers", () => Receiver.Value("cdp.engine.activations", ("kind", "customer")) == Customers),
            ("their limit", () => Receiver.Value("cdp.engine.activations.limit") == 1_000_000),
            ("calls answered", () => Receiver.Value("rpc.server.call.duration", ("rpc.method", "cdp.v1.Ingest/PublishEvents"), ("rpc.response.status_code", "OK")) == 1),
            ("calls refused", () => Receiver.Value("rpc.server.call.duration", ("rpc.method", "cdp.v1.Profiles/GetProfile"), ("rpc.response.status_code", "NOT_FOUND")) == 1),
            ("the queue of the log", () => Receiver.Value("cdp.storage.queue") is not null),
            ("commits", () => Receiver.Value("cdp.storage.commit_duration") > 0),
            ("Orleans", () => Receiver.Value("orleans-catalog-activations") > 0),
            ("the runtime", () => Receiver.Value("dotnet.gc.collections") is not null),
            ("Kestrel", () => Receiver.Value("kestrel.active_connections") is not null));
        Assert.Equal(("cdp-silo", "watched", "tests"), (Receiver.Resource["service.name"], Receiver.Resource["service.namespace"], Receiver.Resource["deployment.environment.name"]));
        Assert.StartsWith("127.0.0.1:", Receiver.Resource["service.instance.id"], StringComparison.Ordinal);
        Assert.Null(Receiver.Value("cdp.engine.faults"));
    }

    [Fact]
    public async Task One_trace_leads_from_the_caller_through_the_gateway_to_the_grain()
    {
        await UseAsync();
        await UntilAsync(("the customer's span", () => Receiver.Spans.Any(span => span.Trace == Trace && span.Name.EndsWith("/ReadProfile", StringComparison.Ordinal))));
        var ours = Receiver.Spans.Where(span => span.Trace == Trace).ToList();
        var call = Assert.Single(ours, span => span.Name == "cdp.v1.Profiles/GetProfile");
        Assert.Equal((Caller, "grpc", "OK"), (call.Parent, call.Tags["rpc.system.name"], call.Tags["rpc.response.status_code"]));
        var byId = ours.ToDictionary(span => span.Id);
        foreach (var read in ours.Where(span => span.Name.EndsWith("/ReadProfile", StringComparison.Ordinal)))
        {
            var path = new List<Span> { read };
            while (byId.TryGetValue(path[^1].Parent, out var parent)) path.Add(parent);
            Assert.Same(call, path[^1]);
        }
    }

    [Fact]
    public async Task Nothing_that_is_sent_names_a_customer()
    {
        var ids = await UseAsync();
        await UntilAsync(
            ("spans of customers", () => Receiver.Spans.Any(span => span.Name.EndsWith("/Apply", StringComparison.Ordinal)) && Receiver.Spans.Any(span => span.Trace == Trace)),
            ("metrics of customers", () => Receiver.Value("cdp.engine.activations", ("kind", "customer")) == Customers));
        foreach (var body in Receiver.Bodies)
        {
            var text = Encoding.Latin1.GetString(body);
            Assert.DoesNotContain("@example.com", text, StringComparison.OrdinalIgnoreCase);
            foreach (var id in ids) Assert.DoesNotContain(id, text, StringComparison.Ordinal);
        }

        Assert.Empty(Receiver.Spans.SelectMany(span => span.Tags.Keys).Except(["rpc.system.name", "rpc.system", "rpc.service", "orleans.rpc.service", "rpc.method", "rpc.response.status_code"]));
        Assert.DoesNotContain(Receiver.Spans, span => span.Name.EndsWith("/Notice", StringComparison.Ordinal) || span.Name.EndsWith("/Open", StringComparison.Ordinal));
    }

    /// <summary>Publishes events of five customers, a copy and one that is refused; reads them, one as a part of a trace, and one who is not there.</summary>
    private async Task<IReadOnlyList<string>> UseAsync()
    {
        var publish = new PublishEventsRequest();
        for (var i = 0; i < Customers; i++) publish.Events.Add(LocalSilo.EventOf(i, 0));
        publish.Events.Add(LocalSilo.EventOf(0, 0));
        var refused = LocalSilo.EventOf(0, 1);
        refused.Identifiers[0].Value = "nobody";
        publish.Events.Add(refused);
        var published = await Silo.Client.Ingest.PublishEventsAsync(publish, cancellationToken: Token);
        var ids = new List<string>();
        for (var i = 0; i < Customers; i++)
        {
            var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = publish.Events[i].Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
            var options = i == 0 ? new CallOptions { Headers = new CallMetadata { { "traceparent", $"00-{Trace}-{Caller}-01" } } } : null;
            ids.Add((await Silo.Client.Profiles.GetProfileAsync(read, options, Token)).Profile.CustomerId);
        }

        var missing = new GetProfileRequest { Customer = new CustomerRef { Identifier = new Identifier { Namespace = "email", Value = LocalSilo.EmailOf(Customers) } }, Purpose = "service" };
        await Assert.ThrowsAsync<CallException>(() => Silo.Client.Profiles.GetProfileAsync(missing, cancellationToken: Token));
        return ids;
    }

    /// <summary>Waits until all of it came.</summary>
    private async Task UntilAsync(params (string What, Func<bool> Came)[] expected)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var deadline = DateTime.UtcNow + Limit; !Array.TrueForAll(expected, one => one.Came()); await timer.WaitForNextTickAsync(Token))
        {
            if (DateTime.UtcNow < deadline) continue;
            var missing = string.Join(", ", expected.Where(one => !one.Came()).Select(one => one.What));
            var points = string.Join('\n', Receiver.Points.OrderBy(point => point.Metric, StringComparer.Ordinal).Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.Metric} {point.Value} {string.Join(' ', point.Tags)}")));
            var spans = string.Join('\n', Receiver.Spans.Select(span => $"{span.Trace} {span.Id} {span.Parent} {span.Name} {string.Join(' ', span.Tags)}"));
            throw new TimeoutException($"Within {Limit} this did not come: {missing}\n{points}\n{spans}\n{Silo.Output}");
        }
    }
}
