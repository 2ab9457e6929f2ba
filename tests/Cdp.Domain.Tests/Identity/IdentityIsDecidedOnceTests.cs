using Cdp.Domain.Identity;
using Cdp.Grains.V1;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;
using static Cdp.Domain.Tests.Identity.IdentityWorld;

namespace Cdp.Domain.Tests.Identity;

/// <summary>Invariant 7: identity is decided once. The rules, against union-find, in any order, with limits and replays.</summary>
public sealed class IdentityIsDecidedOnceTests
{
    private static readonly Config Checks = FsCheck.Config.QuickThrowOnFailure.WithMaxTest(500);

    [Fact]
    public void Without_limits_groups_are_the_connected_components_in_any_order()
    {
        Hold((questions, seed) =>
        {
            var oracle = new UnionFind();
            foreach (var question in questions) oracle.Union(question.Identifiers.Select(i => i.Key).Where(IsNoReference));
            var shuffled = Shuffled(questions, seed);
            return Answered(Unlimited(), questions).Groups(IsNoReference).SequenceEqual(oracle.Groups())
                && Answered(Unlimited(), shuffled).Groups(IsNoReference).SequenceEqual(oracle.Groups());
        });
    }

    [Fact]
    public void With_limits_no_group_passes_one()
    {
        Hold((questions, _) =>
        {
            var world = Answered(Limited(), questions);
            return world.Rows.Nodes.Keys
                .GroupBy(k => (world.Rows.StandingOf(k), Name: IdentifierKeys.NamespaceOf(k).ToString()))
                .All(g => g.Count() <= world.Rules.Of(g.Key.Name).Limit);
        });
    }

    [Fact]
    public void Counts_of_a_standing_group_are_those_of_its_identifiers()
    {
        Hold((questions, _) =>
        {
            var world = Answered(Limited(), questions);
            return world.Rows.Groups.Where(g => g.Value.MergedInto.Length == 0).All(g => world.Rows.Nodes.Keys
                .Where(k => world.Rows.StandingOf(k) == g.Key)
                .CountBy(k => IdentifierKeys.NamespaceOf(k).ToString()).ToDictionary()
                .OrderBy(c => c.Key, StringComparer.Ordinal)
                .SequenceEqual(g.Value.Counts.OrderBy(c => c.Namespace, StringComparer.Ordinal).Select(c => KeyValuePair.Create(c.Namespace, c.Count))));
        });
    }

    [Fact]
    public void Each_pair_is_refused_at_most_once()
    {
        Hold((questions, _) =>
        {
            var refused = Answered(Limited(), questions).Record.Where(d => d.Refused is not null)
                .Select(d => IdentifierPair.Of(d.Refused.Identifier.Key, d.Refused.With.Key)).ToList();
            return refused.Count == refused.Distinct().Count();
        });
    }

    [Fact]
    public void Every_identifier_apart_from_its_strongest_companion_has_a_recorded_refusal()
    {
        Hold((questions, _) =>
        {
            var world = Answered(Limited(), questions);
            return questions.All(q =>
            {
                var anchor = q.Identifiers.FirstOrDefault(i => IsNoReference(i.Key));
                return anchor is null || q.Identifiers.Where(i => IsNoReference(i.Key)).All(i =>
                    world.Rows.StandingOf(i.Key) == world.Rows.StandingOf(anchor.Key)
                    || world.Rows.Refusal(IdentifierPair.Of(i.Key, anchor.Key)) is not null);
            });
        });
    }

    [Fact]
    public void Asking_everything_again_in_any_order_decides_nothing_and_gives_the_same_customers()
    {
        Hold((questions, seed) =>
        {
            var world = Answered(Limited(), questions);
            var decided = world.Record.Count;
            var answers = questions.Select(q => world.Ask(q).Customer).ToList();
            var places = Shuffled([.. Enumerable.Range(0, questions.Count)], seed);
            return places.All(p => world.Ask(questions[p]).Customer == answers[p]) && world.Record.Count == decided;
        });
    }

    [Fact]
    public void Folding_the_record_gives_the_rows_from_whatever_subset_of_them_was_stored()
    {
        Hold((questions, seed) =>
        {
            var split = questions.Count == 0 ? 0 : (int)((uint)seed % questions.Count);
            var world = Answered(Limited(), questions.Take(split));
            var mark = world.Record.Count;
            var stored = world.Rows.CopySome(_ => true);
            foreach (var question in questions.Skip(split)) world.Ask(question);

            // A crash in the middle of a flush: some rows are as new as can be, the others as at the mark.
            var random = new Random(seed);
            var newer = world.Rows.CopySome(_ => random.Next(2) == 0);
            foreach (var (key, node) in newer.Nodes) stored.Nodes[key] = node;
            foreach (var (key, group) in newer.Groups) stored.Groups[key] = group;
            foreach (var (key, refusal) in newer.Refusals) stored.Refusals[key] = refusal;
            for (var i = mark; i < world.Record.Count; i++) IdentityFold.Apply(stored, world.Record[i], i);
            return Same(stored.Nodes, world.Rows.Nodes) && Same(stored.Groups, world.Rows.Groups)
                && Same(stored.Refusals, world.Rows.Refusals);
        });
    }

    private static void Hold(Func<List<IdentityQuestion>, int, bool> property) =>
        Check.One(Checks, Prop.ForAll<byte[][], int>((questions, seed) => property(QuestionsOf(questions), seed)));

    private static IdentityWorld Answered(State.V1.TenantConfig config, IEnumerable<IdentityQuestion> questions)
    {
        var world = new IdentityWorld(config);
        foreach (var question in questions) world.Ask(question);
        return world;
    }

    /// <summary>Tight limits, so that few identifiers meet them.</summary>
    private static State.V1.TenantConfig Limited() => Config(
        new Namespace { Name = "email", Kind = NamespaceKind.Contact, MaxPerCustomer = 2 },
        new Namespace { Name = "device", Kind = NamespaceKind.Device, MaxPerCustomer = 3 });

    private static bool Same<T>(Dictionary<string, T> a, Dictionary<string, T> b) where T : IEquatable<T> =>
        a.Count == b.Count && a.All(r => b.TryGetValue(r.Key, out var other) && other.Equals(r.Value));

    private static bool IsNoReference(string key) => !key.StartsWith("order_id/", StringComparison.Ordinal);

    private static List<T> Shuffled<T>(List<T> items, int seed)
    {
        var copy = items.ToArray();
        new Random(seed).Shuffle(copy);
        return [.. copy];
    }
}
