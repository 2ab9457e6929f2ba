using System.Diagnostics.Metrics;
using System.Net;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;

namespace Cdp.Rpc.Tests;

/// <summary>What a server shows of its meters.</summary>
/// <remarks>
/// A process has one server; this one has many. All count by meters of one name, which the page takes for one, and which is
/// gone from it once any of these servers stops: no other test runs beside these.
/// </remarks>
[Collection(nameof(MetricsPageTests))]
[CollectionDefinition(nameof(MetricsPageTests), DisableParallelization = true)]
public sealed class MetricsPageTests : IAsyncDisposable
{
    private const string Own = "Cdp.Rpc.Tests.MetricsPage";
    private const string Calls = "rpc_server_call_duration_seconds_count{";

    private static readonly string[] OfEcho = ["rpc_system_name=\"grpc\"", "rpc_method=\"probe.v1.Probe/Echo\"", "rpc_response_status_code=\"OK\""];

    private readonly Meter _meter = new(Own);
    private readonly Counter<long> _counter;

    public MetricsPageTests()
    {
        _counter = _meter.CreateCounter<long>("tests.apples", "{apple}", "Apples picked.");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync()
    {
        _meter.Dispose();
        return default;
    }

    [Fact]
    public async Task It_shows_what_was_counted_in_the_format_of_prometheus()
    {
        await using var server = new ProbeServer { Meters = [$"{Own}*", "Cdp.Rpc", "System.Runtime"] };
        await server.InitializeAsync();
        _counter.Add(3, new KeyValuePair<string, object?>("kind", "red"));
        await server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload(), cancellationToken: Cancel);

        using var http = new HttpClient { BaseAddress = server.HttpAddress };
        using var reply = await http.GetAsync("/metrics", Cancel);

        Assert.Equal((HttpStatusCode.OK, "text/plain", "0.0.4"), (reply.StatusCode, reply.Content.Headers.ContentType!.MediaType, reply.Content.Headers.ContentType.Parameters.Single(parameter => parameter.Name == "version").Value));

        // A call is counted once it has ended, which is after its client has the reply.
        var lines = (await reply.Content.ReadAsStringAsync(Cancel)).Split('\n');
        while (!lines.Any(line => Shows(line, Calls, OfEcho)))
        {
            lines = (await http.GetStringAsync("/metrics", Cancel)).Split('\n');
        }

        Assert.Contains("# TYPE tests_apples_total counter", lines);
        Assert.Contains("# HELP tests_apples_total Apples picked.", lines);
        Assert.Equal("3", ValueOf(lines, "tests_apples_total{", "kind=\"red\""));

        Assert.Equal("1", ValueOf(lines, Calls, OfEcho));
        Assert.Contains(lines, line => line.StartsWith("dotnet_gc_collections_total{", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_path_that_a_client_makes_up_is_not_shown()
    {
        await using var server = new ProbeServer { Meters = ["Cdp.Rpc"] };
        await server.InitializeAsync();
        using var http = new HttpClient { BaseAddress = server.HttpAddress };
        using (await http.PostAsync("/ana@example.com/secret", new StringContent("{}"), Cancel))
        {
        }

        var page = await http.GetStringAsync("/metrics", Cancel);

        Assert.Contains("rpc_method=\"_OTHER\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("ana@example.com", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_meters_there_is_no_such_page()
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new HttpClient { BaseAddress = server.HttpAddress };
        using var reply = await http.GetAsync("/metrics", Cancel);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
    }

    private static string ValueOf(string[] lines, string start, params string[] tags) =>
        Assert.Single(lines, line => Shows(line, start, tags)).Split(' ')[1];

    private static bool Shows(string line, string start, params string[] tags) =>
        line.StartsWith(start, StringComparison.Ordinal) && tags.All(tag => line.Contains(tag, StringComparison.Ordinal));
}
