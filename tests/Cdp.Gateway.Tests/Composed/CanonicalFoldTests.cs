using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>
/// Invariants 2, 3, 5, 7 and 8 on the whole: whatever came in which order, through merges, copies and restarts, every
/// customer is the canonical fold of its events.
/// </summary>
public sealed class CanonicalFoldTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(60);

    private static readonly Arbitrary<int> Seeds = Arb.From(Gen.Choose(0, int.MaxValue - 1));

    [Fact]
    public void Every_customer_kept_live_is_the_canonical_fold_of_its_events() =>
        Check.One(Runs, Prop.ForAll(Step.Histories, Seeds, (history, seed) => CheckAsync(history, seed).GetAwaiter().GetResult()));

    [Fact]
    public void A_replay_in_any_interleaving_gives_the_same_ids_and_the_same_bytes() =>
        Check.One(Runs, Prop.ForAll(Step.Histories, Seeds, (history, seed) => CheckReplayAsync(history, seed).GetAwaiter().GetResult()));

    private static async Task CheckAsync(Step[] history, int seed)
    {
        var random = new Random(seed);
        var stores = ComposedNode.Stores.New();
        await using var node = await ComposedNode.StartAsync(stores);
        foreach (var step in history)
        {
            await node.PublishAsync(step);
            if (random.Next(4) == 0) await node.AppliedAsync();
            if (random.Next(12) == 0) await node.RestartAsync(dropSnapshots: random.Next(2) == 0);
        }

        await node.AppliedAsync();
        await AssertCanonicalAsync(node, stores);
    }

    private static async Task CheckReplayAsync(Step[] history, int seed)
    {
        var stores = ComposedNode.Stores.New();
        Dictionary<string, string> ids;
        await using (var first = await ComposedNode.StartAsync(stores))
        {
            foreach (var step in history) await first.PublishAsync(step);
            await first.AppliedAsync();
            ids = await AssertCanonicalAsync(first, stores);
        }

        for (var i = 0; i < 2; i++)
        {
            var replayed = await stores.ForReplayAsync();
            await using var second = await ComposedNode.StartAsync(replayed, stepped: true);
            await second.PermitAllAsync(new Random(seed + i));
            await second.AppliedAsync();
            Assert.Equal(ids, await AssertCanonicalAsync(second, replayed));
        }
    }

    /// <summary>Compares every customer with the oracle, as it was kept live and folded again; returns the ids by key.</summary>
    private static async Task<Dictionary<string, string>> AssertCanonicalAsync(ComposedNode node, ComposedNode.Stores stores)
    {
        var expected = await CanonicalOracle.CustomersAsync(stores.Log, node.Definitions);
        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        var profiles = new Dictionary<string, ByteString>(StringComparer.Ordinal);
        foreach (var (keys, profile) in expected)
        {
            foreach (var key in keys) ids[key] = await node.CustomerOfAsync(key);
            var customer = Assert.Single(keys.Select(k => ids[k]).Distinct());
            Assert.True(profiles.TryAdd(customer, profile), $"{customer} holds two groups.");
        }

        Assert.Equal(profiles, await node.StopAndReadAsync(profiles.Keys));
        await node.RestartAsync();
        foreach (var (customer, profile) in profiles) Assert.Equal(ComposedNode.DigestOf(profile), await node.DigestAsync(customer));
        return ids;
    }
}
