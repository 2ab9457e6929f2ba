using Cdp.Domain.Profiles;
using Cdp.Domain.Tests.Events;
using FsCheck.Fluent;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>Invariant 5: events that arrive in any order leave the bytes of the canonical fold.</summary>
public sealed class ArrivalOrderDoesNotMatterTests
{
    [Fact]
    public void Any_order_of_arrival_gives_the_bytes_of_the_canonical_fold() =>
        Folding.ForAll(RandomEvents.Narrow, 200, (events, seed) =>
            Folding.AssertSame(Folding.Canonical(events), Folding.Arriving(RandomEvents.Shuffled(events, seed)).State));

    [Fact]
    public void Any_order_of_arrival_gives_the_same_bytes_when_every_map_overflows() =>
        Folding.ForAll(RandomEvents.Wide, 8, (events, seed) =>
            Folding.AssertSame(Folding.Canonical(events), Folding.Arriving(RandomEvents.NearlyOrdered(events, seed)).State));

    [Fact]
    public void Reversed_arrival_gives_the_same_bytes_when_every_map_overflows() =>
        Folding.ForAll(RandomEvents.Wide, 4, (events, _) =>
        {
            // Sessions cannot take older events once they overflowed, so this reverses within the last days only.
            var ordered = events.Order(Occurrence.Canonical).ToArray();
            int head = ordered.Length / 2;
            Occurrence[] arriving = [.. ordered[..head], .. ordered[head..].Reverse()];
            Folding.AssertSame(Folding.Canonical(events), Folding.Arriving(arriving).State);
        });

    [Fact]
    public void Every_random_event_is_one_that_intake_accepts() =>
        Folding.ForAll(RandomEvents.Narrow, 100, (events, _) =>
            Assert.All(events, e => Assert.Null(Judged.RefusalOf(e.Event))));

    [Fact]
    public void Ties_in_time_are_broken_by_source_then_id()
    {
        Occurrence[] events =
        [
            Sample.Track("b", "Seen", at: 5, source: "app"),
            Sample.Track("a", "Seen", at: 5, source: "app"),
            Sample.Track("a", "Seen", at: 5, source: "Shop"),
            Sample.Track("z", "Seen", at: 4, source: "shop"),
        ];
        Assert.Equal(["shop/z", "Shop/a", "app/a", "app/b"], events.Order(Occurrence.Canonical).Select(e => $"{e.Source}/{e.Event.Id}"));
        Assert.Equal(["z", "a", "a", "b"], Folding.RecentIds(Folding.Arriving(events).State));
    }

    [Fact]
    public void Ids_of_any_form_are_kept_and_break_ties_by_their_code_units()
    {
        string[] ids =
        [
            "a", "a ", "aa", "A", "~", "0", "01234567", "012345678", "0123456", "é", "a\u0080", "zz\ud83d\ude00", "\uffee", "a\0", "a\0b", "\0",
            "6f1d7f0e-1c1b-4b43-9a55-0c5b1b4b9f10", new('x', 39), new('x', 40), new('x', 41), new string('x', 40) + "é", new('é', 40), new('~', 40), new('y', 255),
        ];
        Folding.ForAll(Gen.Shuffle(ids).Select(shuffled => shuffled.Select(id => Sample.Track(id, "Seen", at: 5)).ToArray()).ToArbitrary(), 50, (events, _) =>
        {
            var arrived = Folding.Arriving(events).State;
            Folding.AssertSame(Folding.Canonical(events), arrived);
            Assert.Equal(ids.Order(StringComparer.Ordinal), Folding.RecentIds(arrived));
        });
    }

    [Fact]
    public void Folding_events_out_of_order_throws_where_one_cannot_be_absorbed()
    {
        Occurrence[] events = [Sample.Traits("a", at: 2, add: ("n", 1)), Sample.Traits("b", at: 1, set: ("n", 1))];
        Assert.Equal(2, Folding.Fold(events.Reverse(), Folding.Definitions).EventCount);
        Assert.Throws<ArgumentException>(() => Folding.Fold(events, Folding.Definitions));
    }

    [Fact]
    public void A_state_that_was_stored_and_read_absorbs_as_the_live_one() =>
        Folding.ForAll(RandomEvents.Narrow, 100, (events, seed) =>
        {
            var ordered = events.Order(Occurrence.Canonical).ToArray();
            int cut = ordered.Length == 0 ? 0 : seed % ordered.Length;
            var stored = State.V1.ProfileState.Parser.ParseFrom(Folding.Canonical(ordered[..cut]).ToByteArray());
            foreach (var e in ordered[cut..])
                Assert.True(ProfileFold.TryAbsorb(stored, e, Folding.Definitions));
            Folding.AssertSame(Folding.Canonical(events), stored);
        });
}
