using Cdp.Domain.Decisions;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;
using static Cdp.Domain.Tests.Decisions.DecisionWorld;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>Shown and reserved together never exceed a cap at any decision, whatever is decided, shown, expires, is merged and pruned between.</summary>
public sealed class CapTests
{
    private enum Deed
    {
        Decide,
        DryRun,
        Show,
        Wait,
        Prune,
        Restart,
    }

    [Fact]
    public void No_interleaving_offers_an_action_more_often_than_its_cap_allows()
    {
        int refused = 0, offered = 0;
        RandomDecisions.ForAll(
            from deeds in Gen.Choose(0, 5).SelectMany(deed => Gen.Choose(0, 400).Select(pick => ((Deed)deed, pick))).ArrayOf()
            from max in Gen.Choose(1, 3)
            from period in Gen.Elements(0, 60, 900)
            select (deeds, max, period),
            400,
            run =>
            {
                var world = Of(
                    Placement(with: placement => (placement.Slots, placement.ReservationSeconds) = (2, 120)),
                    Action("a", action => action.Cap = new ActionCap { MaxShown = run.max, PeriodSeconds = run.period }),
                    Action("b", action => action.Cap = new ActionCap { MaxShown = run.max, PeriodSeconds = run.period }),
                    Action("free"));
                var naive = new NaiveCaps(run.period * Second, 120 * Second);
                var made = new List<Decision>();
                long now = Now;
                foreach (var (deed, pick) in run.deeds)
                {
                    switch (deed)
                    {
                        case Deed.Decide or Deed.DryRun:
                            var mode = deed == Deed.Decide ? DecisionMode.Live : DecisionMode.DryRun;
                            var decision = world.Decide(call => call with { Mode = mode }, at: now);
                            foreach (string action in new[] { "a", "b" })
                            {
                                bool isRemoved = decision.Response.Removed.Any(removed => removed.ActionId == action);
                                Assert.Equal(naive.Used(action, now) >= run.max, isRemoved);
                                refused += isRemoved ? 1 : 0;
                            }

                            foreach (var ranked in decision.Response.Ranked.Where(ranked => ranked.ActionId is "a" or "b" && mode == DecisionMode.Live))
                            {
                                naive.Reserve(made.Count, ranked.ActionId, now);
                                Assert.InRange(naive.Used(ranked.ActionId, now), 1, run.max);
                                offered++;
                            }

                            made.Add(decision);
                            break;
                        case Deed.Show when made.Count > 0:
                            int which = made.Count - 1 - (pick % Math.Min(4, made.Count));
                            foreach (var ranked in made[which].Response.Ranked.Where(ranked => ranked.ActionId.Length > 0))
                            {
                                world.Record(made[which], ranked.ActionId, pick % 2 == 0 ? OutcomeKind.Shown : OutcomeKind.Rejected, at: now);
                                if (made[which].Entry.Mode == DecisionMode.Live)
                                    naive.Show(which, ranked.ActionId, now);
                            }

                            break;
                        case Deed.Wait:
                            now += pick * Second;
                            break;
                        case Deed.Prune:
                            DecisionFold.Prune(world.Remembered, now);
                            break;
                        default:
                            world.Remembered = new DecisionMemory(DecisionState.Parser.ParseFrom(Google.Protobuf.MessageExtensions.ToByteArray(world.Kept)));
                            break;
                    }
                }
            });
        Assert.All([refused, offered], count => Assert.InRange(count, 300, int.MaxValue));
    }

    [Fact]
    public void Merged_ledgers_are_the_same_in_any_order_and_count_nothing_twice() => RandomDecisions.ForAll(
        States.Three(), 300, states =>
        {
            var (a, b, c) = states;
            Assert.Equal(Merged(a, b), Merged(b, a));
            Assert.Equal(Merged(Merged(a, b), c), Merged(a, Merged(b, c)));
            Assert.Equal(Merged(a, b), Merged(Merged(a, b), b));
            foreach (uint action in new uint[] { 1, 2, 3 })
            {
                int both = a.Caps.Concat(b.Caps).Where(use => use.Action == action).GroupBy(use => use.Decision)
                    .Count(uses => Ends(uses.OrderBy(use => use.ShownAt == 0).ThenBy(use => use.ShownAt).First()) > Now);
                Assert.Equal(both, CapLedger.Used(new DecisionMemory(Merged(a, b)), action, Now));
            }
        });

    [Fact]
    public void After_a_merge_above_the_cap_nothing_more_is_offered()
    {
        var world = Of(Placement(), Action("a", action => action.Cap = new ActionCap { MaxShown = 2 }));
        world.Record(world.Decide(), "a", OutcomeKind.Shown);
        world.Record(world.Decide(), "a", OutcomeKind.Shown);
        var other = world.Remembered;
        world.Remembered = new DecisionMemory();
        world.Record(world.Decide(), "a", OutcomeKind.Shown);
        DecisionFold.Absorb(world.Remembered, other);
        Assert.Equal(3, CapLedger.Used(world.Remembered, 1, Now));
        Assert.Equal("cap", world.Decide().Response.Removed.Single().Rule);
    }

    [Fact]
    public void A_ledger_that_is_full_offers_no_capped_action_and_stays_bounded()
    {
        var world = Of(Placement(), Action("a", action => action.Cap = new ActionCap { MaxShown = 100, PeriodSeconds = 60 }), Action("b"));
        var mine = new DecisionState();
        Fill(mine, DecisionLimits.CapUses, 1);
        world.Remembered = new DecisionMemory(mine);
        Assert.Equal("cap", world.Decide().Response.Removed.Single().Rule);
        Assert.Equal("a", world.Decide(at: Now + 1, customer: Customer).Response.Removed.SingleOrDefault()?.ActionId ?? "a");

        var other = new DecisionState();
        Fill(other, DecisionLimits.CapUses, 1_000_000);
        var third = new DecisionState();
        Fill(third, DecisionLimits.CapUses, 2_000_000);
        var (left, right) = (Merged(Merged(world.Kept, other), third), Merged(third, Merged(other, world.Kept)));
        Assert.Equal(DecisionLimits.MergedCapUses, left.Caps.Count);
        Assert.Equal(left.Caps, right.Caps);
        Assert.InRange(left.CalculateSize(), 0, 200_000);
    }

    private static void Fill(DecisionState state, int count, int from) => state.Caps.Add(
        Enumerable.Range(from, count).Select(i => new CapUse { Action = 500, Decision = (ulong)i, ReservedUntil = Now + i, ShownAt = Now + i, PeriodSeconds = DecisionLimits.CapPeriodSeconds }));

    private static DecisionState Merged(DecisionState left, DecisionState right)
    {
        var merged = new DecisionMemory(left);
        DecisionFold.Absorb(merged, new DecisionMemory(right));
        return merged.ToState();
    }

    private static long Ends(CapUse use) => use.ShownAt == 0 ? use.ReservedUntil : use.PeriodSeconds == 0 ? long.MaxValue : use.ShownAt + (use.PeriodSeconds * Second);

    /// <summary>Uses as a list, each asked anew.</summary>
    private sealed class NaiveCaps(long period, long reservation)
    {
        private readonly Dictionary<(int Decision, string Action), (long Reserved, long? Shown)> _uses = [];

        public int Used(string action, long now) => _uses.Count(use => use.Key.Action == action
            && (use.Value.Shown is { } shown ? period == 0 || now - shown < period : now - use.Value.Reserved < reservation));

        public void Reserve(int decision, string action, long now) => _uses[(decision, action)] = (now, null);

        public void Show(int decision, string action, long now)
        {
            if (_uses.TryGetValue((decision, action), out var use) && use.Shown is null)
                _uses[(decision, action)] = (use.Reserved, now);
        }
    }

    /// <summary>What customers remember who decided apart, and of whom some were merged before.</summary>
    private static class States
    {
        public static Gen<(DecisionState A, DecisionState B, DecisionState C)> Three() =>
            from uses in (from action in Gen.Choose(1, 3)
                          from decision in Gen.Choose(1, 6)
                          from shown in Gen.Elements(0L, Now - (50 * Second), Now - (2_000 * Second))
                          from owner in Gen.Choose(0, 2)
                          select (owner, use: new CapUse
                          {
                              Action = (uint)action, Decision = (ulong)decision, ShownAt = shown, ReservedUntil = Now + (((decision % 3) - 1) * 60 * Second), PeriodSeconds = decision % 2 * 100,
                          })).ArrayOf()
            select (Of(uses, 0), Of(uses, 1), Of(uses, 2));

        private static DecisionState Of((int Owner, CapUse Use)[] uses, int owner)
        {
            var state = new DecisionState();
            foreach (var (_, use) in uses.Where(pair => pair.Owner == owner))
                state = Merged(state, new DecisionState { Caps = { use } });
            return state;
        }
    }
}
