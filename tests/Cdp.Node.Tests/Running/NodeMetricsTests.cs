using System.Net;
using System.Text.RegularExpressions;
using Cdp.V1;

namespace Cdp.Node.Tests.Running;

/// <summary>What a node counts, as whoever watches it reads that.</summary>
public sealed partial class NodeMetricsTests : IDisposable
{
    private const string Tenant = "heron-tenant";
    private const string Email = "ana.heron@example.com";
    private const string Cookie = "heron-cookie-4711";
    private const string Name = "Heron-Anneliese";

    /// <summary>Labels that stand for a few words of ours each; a new one is entered here once it is known to name nobody.</summary>
    private static readonly string[] Labels =
    [
        "rpc_system_name", "rpc_method", "rpc_response_status_code", "error_type", "kind", "reason", "file", "le", "otel_scope_name",
    ];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_shows_what_was_done_and_names_nobody()
    {
        await using var node = await RunningNode.StartAsync(_folder.File("data"));
        await node.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = Tenant, DisplayName = "Heron & Sons" } }, cancellationToken: Cancel);
        var key = await node.Client.Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = Tenant, Roles = { Role.Writer } }, cancellationToken: Cancel);
        using (var client = node.ClientWith(key.Secret))
        {
            await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Event("h-1", Email), Event("h-2", "no address") } }, cancellationToken: Cancel);
        }

        using var http = new HttpClient { BaseAddress = node.HttpUrl };
        var page = await http.GetStringAsync("/metrics", Cancel);

        Assert.Contains("cdp_events_accepted_total", page, StringComparison.Ordinal);
        Assert.Contains("reason=\"EMAIL_INVALID\"", page, StringComparison.Ordinal);
        Assert.Contains("rpc_method=\"cdp.v1.Ingest/PublishEvents\"", page, StringComparison.Ordinal);
        Assert.Contains("\ndotnet_process_memory_working_set_bytes", page, StringComparison.Ordinal);
        Assert.Contains("\nkestrel_active_connections", page, StringComparison.Ordinal);
        foreach (var secret in (string[])[Tenant, Email, Cookie, Name, "Heron", key.Secret, RunningNode.Key]) Assert.DoesNotContain(secret, page, StringComparison.OrdinalIgnoreCase);
        var ours = page.Split('\n').Where(line => line.StartsWith("cdp_", StringComparison.Ordinal) || line.StartsWith("rpc_", StringComparison.Ordinal)).ToList();
        Assert.Empty(ours.SelectMany(line => Label().Matches(line)).Select(label => label.Groups["name"].Value).Except(Labels));
    }

    [Fact]
    public async Task It_shows_nothing_where_it_is_told_so()
    {
        await using var node = await RunningNode.StartAsync(_folder.File("data"), metrics: false);
        using var http = new HttpClient { BaseAddress = node.HttpUrl };
        using var reply = await http.GetAsync("/metrics", Cancel);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
    }

    private static Event Event(string id, string email) => new()
    {
        Id = id,
        Kind = EventKind.Identify,
        Source = "shop",
        Channel = "web",
        Identifiers = { new Identifier { Namespace = "email", Value = email }, new Identifier { Namespace = "cookie", Value = Cookie } },
        Traits = new TraitChanges { Set = { ["first_name"] = new Value { StringValue = Name } } },
    };

    [GeneratedRegex("[{,](?<name>[a-z_]+)=\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Label();
}
