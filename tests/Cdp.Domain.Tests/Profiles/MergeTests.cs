using Cdp.Domain.Profiles;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Profiles;

public sealed class MergeTests
{
    [Fact]
    public void Merging_two_customers_is_the_fold_of_their_events() =>
        Folding.ForAll(RandomEvents.Narrow, 200, CheckMerge);

    [Fact]
    public void Merging_two_customers_is_the_fold_of_their_events_when_every_map_overflows() =>
        Folding.ForAll(RandomEvents.Wide, 8, CheckMerge);

    [Fact]
    public void Customers_whose_traits_are_only_set_merge_without_folding_again()
    {
        var one = Folding.Canonical([Sample.Traits("a", 1, set: ("tier", "silver")), Sample.Traits("b", 4, set: ("name", "Ann"))]);
        var two = Folding.Canonical([Sample.Traits("c", 3, set: ("tier", "gold")), Sample.Traits("d", 5, add: ("points", 7))]);
        Assert.True(ProfileFold.TryAbsorbState(one, two, Folding.Definitions));
        Assert.Equal(["name", "points", "tier"], one.Traits.Select(trait => trait.Name));
        Assert.Equal("gold", one.Traits[2].Value.StringValue);
    }

    [Fact]
    public void A_set_between_another_customers_adds_folds_again()
    {
        var one = Folding.Canonical([Sample.Traits("a", 2, set: ("points", 10))]);
        var two = Folding.Canonical([Sample.Traits("b", 1, add: ("points", 1)), Sample.Traits("c", 3, add: ("points", 5))]);
        byte[] before = one.ToByteArray();
        Assert.False(ProfileFold.TryAbsorbState(one, two, Folding.Definitions));
        Assert.Equal(before, one.ToByteArray());
    }

    [Theory]
    [InlineData(30.5, false)]
    [InlineData(30, true)]
    [InlineData(90, true)]
    [InlineData(1, false)]
    public void A_merge_that_leaves_a_gap_for_an_older_session_folds_again(double hour, bool exact)
    {
        var visits = Enumerable.Range(0, 70).Select(i => Sample.Track($"v{i}", "Seen", i * 60 * RandomEvents.Minute)).ToArray();
        var visit = Sample.Track("w", "Seen", (long)(hour * 60 * RandomEvents.Minute));
        foreach (var (left, right) in new[] { (visits, new[] { visit }), ([visit], visits) })
        {
            var into = Folding.Canonical(left);
            byte[] before = into.ToByteArray();
            Assert.Equal(exact, ProfileFold.TryAbsorbState(into, Folding.Canonical(right), Folding.Definitions));
            Assert.Equal(exact ? Folding.Canonical([.. visits, visit]).ToByteArray() : before, into.ToByteArray());
        }
    }

    [Fact]
    public void Merging_leaves_the_other_state_alone_even_when_the_result_goes_on() =>
        Folding.ForAll(RandomEvents.Narrow, 100, (events, seed) =>
        {
            var (left, right) = Split(events, seed);
            var other = Folding.Canonical(right);
            byte[] before = other.ToByteArray();
            var into = Folding.Canonical(left);
            if (ProfileFold.TryAbsorbState(into, other, Folding.Definitions))
            {
                foreach (var e in events)
                    ProfileFold.TryAbsorb(into, e with { EffectiveAt = e.EffectiveAt + (400 * RandomEvents.Day) }, Folding.Definitions);
            }

            Assert.Equal(before, other.ToByteArray());
        });

    [Fact]
    public void Merging_with_nobody_changes_nothing() =>
        Folding.ForAll(RandomEvents.Narrow, 50, (events, _) =>
        {
            var state = Folding.Canonical(events);
            Assert.True(ProfileFold.TryAbsorbState(state, new ProfileState(), Folding.Definitions));
            Folding.AssertSame(Folding.Canonical(events), state);
            var empty = new ProfileState();
            Assert.True(ProfileFold.TryAbsorbState(empty, state, Folding.Definitions));
            Folding.AssertSame(state, empty);
        });

    private static void CheckMerge(Occurrence[] events, int seed)
    {
        var (left, right) = Split(events, seed);
        var into = Folding.Canonical(left);
        byte[] before = into.ToByteArray();
        if (ProfileFold.TryAbsorbState(into, Folding.Canonical(right), Folding.Definitions))
            Folding.AssertSame(Folding.Canonical(events), into);
        else
            Assert.Equal(before, into.ToByteArray());
    }

    // By chance or, half of the time, by time: one customer is the later phone of the other.
    private static (Occurrence[] Left, Occurrence[] Right) Split(Occurrence[] events, int seed)
    {
        if (seed % 2 == 0)
        {
            var ordered = events.Order(Occurrence.Canonical).ToArray();
            int cut = ordered.Length == 0 ? 0 : seed % ordered.Length;
            return seed % 4 == 0 ? (ordered[..cut], ordered[cut..]) : (ordered[cut..], ordered[..cut]);
        }

        var random = new Random(seed);
        var sides = events.ToLookup(_ => random.Next(2));
        return ([.. sides[0]], [.. sides[1]]);
    }
}
