using Cdp.Domain.Decisions;
using Cdp.Domain.Tests.Profiles;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck.Fluent;
using Google.Protobuf;
using static Cdp.Domain.Tests.Decisions.DecisionWorld;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>Invariant 11: what is decided follows from the rules, and comes back from its entry to the byte.</summary>
public sealed class DecisionsAreEntriesTests
{
    private static readonly OutcomeKind[] Kinds = [OutcomeKind.Shown, OutcomeKind.Clicked, OutcomeKind.Accepted, OutcomeKind.Rejected, OutcomeKind.Converted, OutcomeKind.Returned];

    [Fact]
    public void Decisions_equal_a_naive_oracle_s_and_replay_to_the_same_bytes_after_any_history()
    {
        int removed = 0, ranked = 0, nothing = 0, capped = 0, taught = 0;
        RandomDecisions.ForAll(
            from steps in RandomDecisions.Histories from events in RandomEvents.Narrow.Generator select (steps, events), 300, history =>
            {
                var profile = Folding.Canonical(history.events);
                var world = Of(Placement());
                var made = new List<Decision>();
                long now = Now;
                foreach (var step in history.steps)
                {
                    now += step.Pick * Second;
                    if (step.Call is not { } call)
                    {
                        Change(world, step);
                        continue;
                    }

                    call = call with { Id = call.Id with { AtMicros = now, Nonce = (ulong)made.Count } };
                    var decision = Decided(world, call, profile, now);
                    made.Add(decision);
                    DecisionFold.Absorb(world.Remembered, decision.Entry);
                    taught += Outcomes(world, decision, step.Pick, now);
                    removed += decision.Response.Removed.Count;
                    ranked += decision.Response.Ranked.Count(action => action.ActionId.Length > 0);
                    nothing += decision.Response.Ranked[0].ActionId.Length == 0 ? 1 : 0;
                    capped += decision.Response.Removed.Count(action => action.Rule == "cap");
                }

                // After all edits and all learning, from bytes.
                foreach (var decision in made)
                {
                    var entry = DecisionEntry.Parser.ParseFrom(decision.Entry.ToByteArray());
                    var replayed = Receipt.Replay(entry, Customer, world.AsOf(entry));
                    Assert.True(replayed.IsExact);
                    Assert.Equal(decision.Encoded.ToArray(), replayed.Encoded.ToArray());
                }
            });

        // Otherwise it would have proved little.
        Assert.All([removed, ranked, nothing, capped, taught], count => Assert.InRange(count, 30, int.MaxValue));
    }

    [Fact]
    public void The_same_question_has_the_same_answer_and_another_seed_another()
    {
        var world = Of(Placement(with: placement => placement.Slots = 5), [.. Enumerable.Range(0, 30).Select(i => Action($"a{i:00}"))]);
        var call = new DecisionCall(new DecisionId(Customer, 1, Now, 1), 42, "marketing");
        var first = Decider.Decide(world.Model(), call, Nobody(Now), new DecisionMemory());
        var again = Decider.Decide(world.Model(), call, Nobody(Now), new DecisionMemory());
        Assert.Equal(first.Encoded.ToArray(), again.Encoded.ToArray());
        Assert.Equal(first.Entry, again.Entry);
        var other = Decider.Decide(world.Model(), call with { Seed = 43 }, Nobody(Now), new DecisionMemory());
        Assert.NotEqual(first.Response.Ranked.Select(action => action.ActionId), other.Response.Ranked.Select(action => action.ActionId));

        // The bits of this answer, on every machine.
        Assert.Equal(4235899477033208269UL, first.Entry.Digest);
    }

    [Fact]
    public void An_entry_takes_at_most_2_KB_however_many_actions_there_are()
    {
        var random = new Random(5);
        foreach (int count in new[] { 1_000, DecisionLimits.Definitions })
        {
            var config = Of(Placement(with: placement => placement.Slots = DecisionLimits.Slots)).Config.Clone();
            config.Placements[0].Number = uint.MaxValue;
            config.Placements[0].Placement.ReservationSeconds = DecisionLimits.ReservationSeconds;
            for (int i = 0; i < count; i++)
            {
                var action = Action($"{i:d6}", action => action.Cap = new ActionCap { MaxShown = 9, PeriodSeconds = DecisionLimits.CapPeriodSeconds });
                int holds = i % 20 == 0 && i < count - 1 ? DecisionLimits.Rules : random.Next(DecisionLimits.Rules);
                action.Rules.Add(Enumerable.Range(0, DecisionLimits.Rules).Select(r => new ActionRule { Name = $"r{r}", RemovedWhen = r == holds ? "now is set" : "now is missing" }));
                config.Actions.Add(new StoredAction { Number = 4_000_000_000 + (uint)i, Action = action });
            }

            config.DecisionsVersion = long.MaxValue;
            var set = ActionSet.Compile(config, null);
            var model = new PlacementModel(set, set.FindPlacement("hero")!, new ModelState { Version = long.MaxValue });
            var id = new DecisionId(new string('c', 40), long.MaxValue, long.MaxValue, ulong.MaxValue);
            Assert.InRange(id.ToString().Length, 80, DecisionLimits.IdLength);
            var call = new DecisionCall(id, ulong.MaxValue, "marketing") { Mode = DecisionMode.Force, OmitRemoved = true, WithPropensity = true, IsStale = true };
            var decision = Decider.Decide(model, call, Nobody(Now), new DecisionMemory());
            Assert.Equal(DecisionLimits.Slots, decision.Entry.Offers.Count(offer => offer.HasCapPeriodSeconds));
            Assert.True(decision.IsSync);
            Assert.InRange(decision.Entry.CalculateSize(), count / 2, DecisionLimits.EntryBytes);
        }
    }

    [Fact]
    public void A_replay_under_anything_else_is_refused_or_told()
    {
        var world = Of(Placement(), Action("a"), Action("b"));
        var decision = world.Decide();
        var before = world.AsOf(decision.Entry);
        Assert.Null(world.Put(Action("b", action => action.Objective = "other")));
        Assert.Throws<ArgumentException>(() => Receipt.Replay(decision.Entry, Customer, world.Model()));
        Assert.True(Receipt.Replay(decision.Entry, Customer, before).IsExact);
        Assert.False(Receipt.Replay(decision.Entry, "another", before).IsExact);
        var later = decision.Entry.Clone();
        later.Format++;
        Assert.Throws<ArgumentException>(() => Receipt.Replay(later, Customer, before));
        var learned = new PlacementModel(before.Set, before.Placement, new ModelState { Version = 1 });
        Assert.Throws<ArgumentException>(() => Receipt.Replay(decision.Entry, Customer, learned));
        var forged = decision.Entry.Clone();
        forged.Seed++;
        Assert.False(Receipt.Replay(forged, Customer, before).IsExact);
    }

    [Fact]
    public void Of_actions_that_are_worth_the_same_the_first_by_id_goes_first()
    {
        var world = Of(Placement(with: placement => (placement.Slots, placement.Policy) = (3, PlacementPolicy.Exploit)), Action("c"), Action("b"), Action("e"), Action("a"), Action("d"));
        Assert.Equal(["a", "b", "c"], world.Decide().Response.Ranked.Select(ranked => ranked.ActionId));

        // Doing nothing goes before what is worth as much.
        Assert.Null(world.Put(Placement(with: placement => (placement.Policy, placement.MinimumValue) = (PlacementPolicy.Exploit, Euro("0.5")))));
        var response = world.Decide().Response;
        Assert.Equal([""], response.Ranked.Select(ranked => ranked.ActionId));
        Assert.Equal((5, "nothing", "nothing else brings more than 0.5 EUR"), (response.Outranked, response.Fallback.Key, response.Ranked[0].Reasons.Single().Text));
    }

    [Fact]
    public void Candidates_are_all_that_competed_in_the_order_of_the_decision()
    {
        var world = Of(Placement(with: placement => placement.MinimumValue = Euro("0.5")), [.. Enumerable.Range(0, 12).Select(i => Action($"a{i:00}")), Action("worthless", action => action.Value = Euro("0"))]);
        var decision = world.Decide();
        var candidates = Receipt.Candidates(decision.Entry, world.AsOf(decision.Entry));
        Assert.Equal(14, candidates.Count);
        Assert.Equal(decision.Response.Ranked.Select(action => (action.ActionId, action.Score)), candidates.Take(3).Select(candidate => (candidate.ActionId, candidate.Score)));
        Assert.Equal(candidates.Select(candidate => candidate.Score).OrderDescending(), candidates.Select(candidate => candidate.Score));
        Assert.Equal(1, candidates.Sum(candidate => candidate.Propensity), 1e-9);
        Assert.Equal(0, candidates.Single(candidate => candidate.ActionId == "worthless").Propensity);
    }

    private static Decision Decided(DecisionWorld world, DecisionCall call, ProfileState profile, long now)
    {
        var model = world.Model();
        var before = world.Kept;
        var decision = Decider.Decide(model, call, About(profile, now), world.Remembered);
        Assert.Equal(before, world.Kept);
        var expected = NaiveDecision.Of(world.Config, model.Placement.Definition, ModelOf(world, decision.Entry), before, call, About(profile, now));
        Assert.Equal(expected.Ranked, string.Join(' ', decision.Response.Ranked.Select(action => $"{action.ActionId}={action.Score:R}")));
        Assert.Equal(call.OmitRemoved ? string.Empty : expected.Removed, string.Join(' ', decision.Response.Removed.Select(removed => $"{removed.ActionId}:{removed.Rule}")));
        Assert.Equal(expected.Outranked, decision.Response.Outranked);

        // Whoever goes before one that is expected to bring more explores.
        var candidates = Receipt.Candidates(decision.Entry, model);
        Assert.Equal(candidates.Select(candidate => candidate.Score), candidates.Select(candidate => candidate.Score).OrderDescending());
        var behind = candidates.Where(candidate => candidate.ActionId.Length > 0).ToList();
        foreach (var ranked in decision.Response.Ranked.Where(action => action.ActionId.Length > 0))
        {
            behind.RemoveAll(candidate => candidate.ActionId == ranked.ActionId);
            Assert.Equal(behind.Any(candidate => candidate.Expected > ranked.Expected), ranked.Explored);
        }

        // A capped action is durable before it is answered.
        bool isCapped = decision.Response.Ranked.Any(action => action.ReservedUntil is not null);
        Assert.Equal(isCapped || call.Consistency == DecisionConsistency.Sync, decision.IsSync);
        Assert.Equal(isCapped, call.Mode != DecisionMode.DryRun && decision.Entry.Offers.Any(offer => offer.HasCapPeriodSeconds));
        Assert.Equal(decision.Response.Ranked[0].ActionId.Length == 0, decision.Response.Fallback is not null);
        return decision;
    }

    private static ModelState ModelOf(DecisionWorld world, DecisionEntry entry) => world.ModelOf(entry.Placement, entry.Model);

    private static void Change(DecisionWorld world, DecisionStep step)
    {
        if (step.Action is { } action)
        {
            Assert.Null(world.Put(action));
        }
        else if (step.Placement is { } placement)
        {
            Assert.Null(world.Put(placement));
        }
        else
        {
            world.Delete($"a{step.Pick:00}");
        }
    }

    private static int Outcomes(DecisionWorld world, Decision decision, int pick, long now)
    {
        int taught = 0;
        foreach (var ranked in decision.Response.Ranked.Where(action => action.ActionId.Length > 0))
        {
            if (pick++ % 3 != 0)
                taught += world.Record(decision, ranked.ActionId, Kinds[pick % Kinds.Length], value: pick * 1_000, at: now).Effect is null ? 0 : 1;
        }

        return taught;
    }
}
