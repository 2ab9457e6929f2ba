using System.Globalization;
using Cdp.Domain.Expressions;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>
/// Invariant 6: after any history, merges, edits of segments, backfills and crashes at any write, in any
/// interleaving, who the customers say is in a segment, and who the shards say is, are those of whom its condition is true.
/// </summary>
public sealed class EffectsAreMirrorsTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(80).WithEndSize(50);

    private static readonly Arbitrary<int> Seeds = Arb.From(Gen.Choose(0, int.MaxValue - 1));

    /// <summary>Conditions that the steps' events come into and out of.</summary>
    private static readonly string[] Conditions =
    [
        "orders.count >= 1", "orders.count >= 2 and channels.web.count > 1", "traits.mood is missing", "traits.mood starts_with \"mood\"",
        "traits.points > 20", "events[\"Product Viewed\"].count > 2", "identifiers.email", "not identifiers.device or events.count > 6",
        "revenue.EUR.net > 4 EUR", "interests.top == \"c1\"", "products.p1.views > 0", "sessions.count > 1",
    ];

    [Fact]
    public void Members_are_those_of_whom_the_condition_is_true_whatever_happened_in_between() =>
        Check.One(Runs, Prop.ForAll(Step.Histories, Seeds, (history, seed) => CheckAsync(history, seed).GetAwaiter().GetResult()));

    private static async Task CheckAsync(Step[] history, int seed)
    {
        var random = new Random(seed);
        var stores = ComposedNode.Stores.New();
        await using var node = await ComposedNode.StartAsync(stores, isMortal: true);

        // Every other time the definitions rest from some event on: no sweep covers what is missed from there.
        var changing = random.Next(2) == 0 ? history.Length : history.Length / 4;
        for (var i = 0; i < history.Length; i++)
        {
            await node.PublishAsync(history[i]);
            if (i < changing && random.Next(6) == 0) await ChangeAsync(node, random);
            if (i == changing) await node.SweptAsync();
            if (random.Next(8) == 0) await node.MirroredAsync();

            // Always near the end, too: what a crash loses must not be made good by what a customer does later.
            if (random.Next(10) == 0 || i == history.Length - 3) node.DieAt(random.Next(1, 16), reachesStore: random.Next(2) == 0);
            if (node.IsDead || random.Next(20) == 0) await node.RestartAsync(dropSnapshots: random.Next(4) == 0);
        }

        await node.RestartAsync();
        await node.MirroredAsync();
        await node.SweptAsync();
        await AssertMembersAsync(node, stores);
    }

    /// <summary>Puts a segment, edits or deletes one; a process that dies over it may or may not have.</summary>
    private static async Task ChangeAsync(ComposedNode node, Random random)
    {
        var id = random.Next(6).ToString(CultureInfo.InvariantCulture);
        var change = random.Next(5) == 0
            ? new ChangeTenantRequest { DeleteSegment = new DeleteSegmentRequest { Id = id } }
            : new ChangeTenantRequest { PutSegment = new Segment { Id = id, Expression = Conditions[random.Next(Conditions.Length)] } };
        await node.ChangeAsync(change);
    }

    private static async Task AssertMembersAsync(ComposedNode node, ComposedNode.Stores stores)
    {
        var definitions = await node.NewestDefinitionsAsync();
        var expected = definitions.Segments.All.ToDictionary(s => s.Definition.Id, _ => new SortedSet<string>(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (var (keys, bytes) in await CanonicalOracle.CustomersAsync(stores.Log, definitions))
        {
            var customer = await node.CustomerOfAsync(keys.First());
            var subject = new Subject(ProfileState.Parser.ParseFrom(bytes), definitions.InterestHalfLifeMicros, 0);
            foreach (var segment in definitions.Segments.All.Where(s => s.Condition!.Evaluate(subject) == true)) expected[segment.Definition.Id].Add(customer);
            Assert.Equal(
                [.. expected.Where(s => s.Value.Contains(customer)).Select(s => s.Key).Order(StringComparer.Ordinal)],
                await node.MembershipsAsync(customer, definitions));
        }

        foreach (var segment in definitions.Segments.All)
        {
            var (count, members) = await node.MembersAsync(segment.Number, definitions);
            Assert.Equal(expected[segment.Definition.Id], members);
            Assert.Equal(members.Count, count);
        }
    }
}
