using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>Folds events as customers do, and compares states by their bytes.</summary>
internal static class Folding
{
    public static Definitions Definitions { get; } = new(TenantDefaults.NewConfig("shop", new byte[32]));

    public static ProfileState Canonical(IEnumerable<Occurrence> events) =>
        Fold(events.Order(Occurrence.Canonical), Definitions);

    public static ProfileState Fold(IEnumerable<Occurrence> events, Definitions definitions) =>
        ProfileFold.Fold(events.Select(static e => (FoldEvent)e), definitions);

    /// <summary>Absorbs events as they arrive, and folds again where that is not exact.</summary>
    public static (ProfileState State, int FoldedAgain) Arriving(IReadOnlyList<Occurrence> events)
    {
        var state = new ProfileState();
        int foldedAgain = 0;
        for (int i = 0; i < events.Count; i++)
        {
            // Sampled, for the cost of it: a state that refuses is unchanged, and one that was stored goes on as well.
            byte[]? before = i % 8 == 0 ? state.ToByteArray() : null;
            if (before is not null)
            {
                state = ProfileState.Parser.ParseFrom(before);
                ProfileNames.Share(state);
            }

            if (ProfileFold.TryAbsorb(state, events[i], Definitions))
                continue;
            if (before is not null)
                Assert.Equal(before, state.ToByteArray());
            state = Canonical(events.Take(i + 1));
            foldedAgain++;
        }

        return (state, foldedAgain);
    }

    /// <summary>Ids of the newest events, oldest first, as a profile shows them.</summary>
    public static IEnumerable<string> RecentIds(ProfileState state) =>
        ProfileView.Render(state, Definitions.WholeView, Definitions, "c", 0, Cdp.V1.ValueStatus.Ok, 0).RecentEvents.Select(e => e.Id).Reverse();

    public static void AssertSame(ProfileState expected, ProfileState actual)
    {
        if (!expected.ToByteString().Equals(actual.ToByteString()))
            Assert.Equal(expected.ToString(), actual.ToString());
        Assert.Equal(expected.ToByteString(), actual.ToByteString());
    }

    public static void ForAll(Arbitrary<Occurrence[]> events, int times, Action<Occurrence[], int> property) =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(times).WithQuietOnSuccess(true),
            Prop.ForAll(events, Gen.Choose(0, int.MaxValue).ToArbitrary(), property));
}
