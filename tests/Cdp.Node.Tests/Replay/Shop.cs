using Cdp.Node.Tests.Running;
using Cdp.V1;

namespace Cdp.Node.Tests.Replay;

/// <summary>A node with two tenants and their traffic, and all that can be seen of it.</summary>
internal static class Shop
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Sends traffic to two tenants, and returns what can be seen of it.</summary>
    public static async Task<SortedDictionary<string, string>> MakeAsync(string place, int seed, int events)
    {
        await using var node = await RunningNode.StartAsync(place);
        await node.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "other" } }, cancellationToken: Cancel);
        var key = await node.Client.Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = "other", Roles = { Role.Writer, Role.Reader } }, cancellationToken: Cancel);
        using var other = node.ClientWith(key.Secret);
        await Task.WhenAll(
            new Traffic(seed).SendAsync(node.Client, events, Cancel),
            new Traffic(seed + 1000).SendAsync(other, events / 4, Cancel));
        await node.SettleAsync();
        return await ObserveAsync(node);
    }

    /// <summary>Profile of everyone, and the number of dead letters, as text.</summary>
    public static async Task<SortedDictionary<string, string>> ObserveAsync(string place)
    {
        await using var node = await RunningNode.StartAsync(place);
        return await ObserveAsync(node);
    }

    private static async Task<SortedDictionary<string, string>> ObserveAsync(RunningNode node)
    {
        var seen = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var page in Traffic.Everyone.Chunk(100))
        {
            var request = new BatchGetProfilesRequest { Purpose = "service" };
            request.Fields.AddRange(["traits.*", "activity", "monetary", "sessions", "products", "recent_events", "identifiers.*"]);
            request.Customers.AddRange(page.Select(i => new CustomerRef { Identifier = i }));
            var response = await node.Client.Profiles.BatchGetProfilesAsync(request, cancellationToken: Cancel);
            for (var i = 0; i < page.Length; i++)
            {
                if (response.Results[i].Profile is { } profile) profile.Version = 0;
                seen.Add($"{page[i].Namespace}:{page[i].Value}", response.Results[i].ToString());
            }
        }

        var partitions = await node.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel);
        seen.Add("dead letters", partitions.Partitions.Sum(p => p.DeadLetters).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.NotEqual("0", seen["dead letters"]);
        return seen;
    }
}
