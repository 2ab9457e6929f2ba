using Cdp.Domain.Decisions;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck.Fluent;
using static Cdp.Domain.Tests.Decisions.DecisionWorld;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>What outcomes teach: each once, the same in any order, and where nothing, why.</summary>
public sealed class OutcomeTests
{
    [Theory]
    [InlineData("shown", "1 0 0")]
    [InlineData("clicked", "1 0 0")]
    [InlineData("accepted", "1 1 0")]
    [InlineData("rejected", "1 0 0")]
    [InlineData("shown accepted accepted", "1 1 0")]
    [InlineData("accepted rejected", "1 1 0")]
    [InlineData("shown converted:40000", "1 0 40000")]
    [InlineData("converted:40000 converted:10000", "1 0 50000")]
    [InlineData("converted:40000 returned:10000", "1 0 30000")]
    [InlineData("converted:40000 returned", "1 0 0")]
    [InlineData("returned:50000 converted:40000", "1 0 0")]
    [InlineData("converted", "1 0 0")]
    public void Of_a_placement_whose_success_is_acceptance(string outcomes, string expected) => AssertTeaches(OutcomeKind.Unspecified, outcomes, expected);

    [Theory]
    [InlineData("clicked accepted", "1 0 0")]
    [InlineData("shown converted", "1 1 0")]
    [InlineData("converted:40000", "1 1 40000")]
    [InlineData("converted:40000 returned:10000", "1 1 30000")]
    [InlineData("converted:40000 returned:40000", "1 0 0")]
    [InlineData("converted:40000 returned", "1 0 0")]
    [InlineData("returned", "1 0 0")]
    public void Of_a_placement_whose_success_is_conversion(string outcomes, string expected) => AssertTeaches(OutcomeKind.Converted, outcomes, expected);

    [Fact]
    public void In_any_order_and_repeated_the_same_is_learned_and_remembered() => RandomDecisions.ForAll(
        from outcomes in (from kind in Gen.Choose(1, 6)
                          from value in Gen.Elements<long?>(null, 0, 10_000, 25_000)
                          from action in Gen.Elements("a", "b")
                          select (Kind: (OutcomeKind)kind, Value: value, Action: action)).ArrayOf().Resize(20)
        from success in Gen.Elements(OutcomeKind.Clicked, OutcomeKind.Accepted, OutcomeKind.Converted)
        from seed in Gen.Choose(0, int.MaxValue)
        select (outcomes, success, seed),
        500,
        run =>
        {
            var sent = run.outcomes.Select((outcome, i) => (outcome, Id: $"o{i}")).ToArray();
            var expected = Learn(sent);
            var shuffled = sent.Concat(sent.Where((_, i) => i % 3 == 0)).ToArray();
            new Random(run.seed).Shuffle(shuffled);
            Assert.Equal(expected, Learn(shuffled));

            (ModelState, DecisionState) Learn(((OutcomeKind Kind, long? Value, string Action) Outcome, string Id)[] outcomes)
            {
                var world = Of(Placement(with: placement => placement.Success = run.success), Action("a"), Action("b", action => action.Cap = new ActionCap { MaxShown = 5 }));
                var decision = world.Decide();
                var model = new ModelState { Placement = 1 };
                foreach (var (outcome, id) in outcomes)
                {
                    if (world.Record(decision, outcome.Action, outcome.Kind, id, outcome.Value).Effect is { } effect)
                        ModelFold.Apply(model, new ModelSlice { To = model.Version + 1, Deltas = { With(effect, model.Version) } });
                }

                // How many effects it took is another matter.
                (model.Version, _) = (0, 0);
                model.Marks.Clear();

                // Which of them changed something follows from the order, what they say together does not.
                var remembered = world.Kept;
                foreach (var counted in remembered.Open.SelectMany(open => open.Outcomes)) counted.Credit = OutcomeCredit.Unspecified;
                return (Plain(model), remembered);
            }
        });

    [Fact]
    public void What_credits_nothing_says_why()
    {
        var world = Of(Placement(with: placement => placement.Slots = 1), Action("a", action => action.Value = Euro("100")), Action("b", action => action.Prior = new ActionPrior { Shown = 1_000_000 }));
        var dry = world.Decide(call => call with { Mode = DecisionMode.DryRun });
        var decision = world.Decide();
        Assert.Equal(OutcomeCredit.DryRun, world.Record(dry, "a", OutcomeKind.Shown).Credit);
        Assert.Equal(OutcomeCredit.Credited, world.Record(decision, "a", OutcomeKind.Shown, "1").Credit);
        Assert.Equal(OutcomeCredit.Duplicate, world.Record(decision, "a", OutcomeKind.Shown, "1").Credit);
        Assert.Equal(OutcomeCredit.NothingNew, world.Record(decision, "a", OutcomeKind.Clicked, "2").Credit);
        Assert.Equal(OutcomeCredit.NotOffered, world.Record(decision, "b", OutcomeKind.Shown).Credit);
        Assert.Equal(OutcomeCredit.NotOffered, world.Record(decision, string.Empty, OutcomeKind.Shown).Credit);

        // A crash took the entry, and with it the memory of it.
        var before = world.Remembered.Clone();
        var lost = world.Decide();
        world.Remembered = before;
        Assert.Equal(OutcomeCredit.DecisionLost, world.Record(lost, "a", OutcomeKind.Shown).Credit);
        Assert.Equal(OutcomeCredit.DecisionLost, OutcomeCredits.Judge(before, new Outcome { Id = "x", DecisionId = "made up", ActionId = "a", Kind = OutcomeKind.Shown }, null, Now).Credit);

        Assert.Equal(OutcomeCredit.Credited, world.Record(decision, "a", OutcomeKind.Accepted, at: Now + DecisionLimits.OutcomeMicros).Credit);
        Assert.Equal(OutcomeCredit.DecisionTooOld, world.Record(decision, "a", OutcomeKind.Returned, at: Now + DecisionLimits.OutcomeMicros + 1).Credit);
        DecisionFold.Prune(world.Remembered, Now + DecisionLimits.OutcomeMicros + 1);
        Assert.Equal(OutcomeCredit.DecisionTooOld, world.Record(decision, "a", OutcomeKind.Returned, at: Now + DecisionLimits.OutcomeMicros + 1).Credit);
        Assert.Empty(world.Kept.Open);
    }

    [Fact]
    public void A_decision_counts_64_outcomes_and_a_customer_its_newest_256_decisions()
    {
        var world = Of(Placement(), Action("a"));
        var first = world.Decide(at: Now - 1);
        for (int i = 0; i < DecisionLimits.Outcomes; i++)
            Assert.NotEqual(OutcomeCredit.TooMany, world.Record(first, "a", OutcomeKind.Clicked).Credit);
        Assert.Equal(OutcomeCredit.TooMany, world.Record(first, "a", OutcomeKind.Clicked).Credit);
        for (int i = 1; i < DecisionLimits.OpenDecisions; i++)
            world.Decide();
        Assert.NotEqual(OutcomeCredit.DecisionTooOld, world.Record(first, "a", OutcomeKind.Clicked).Credit);
        world.Decide();
        Assert.Equal(OutcomeCredit.DecisionTooOld, world.Record(first, "a", OutcomeKind.Clicked).Credit);
        Assert.Equal(DecisionLimits.OpenDecisions, world.Kept.Open.Count);
    }

    [Fact]
    public void What_is_remembered_stays_bounded_whatever_is_sent()
    {
        var world = Of(Placement(with: placement => placement.Slots = 20), [.. Enumerable.Range(0, 20).Select(i => Action($"a{i}"))]);
        for (int d = 0; d < 100; d++)
        {
            var decision = world.Decide(at: Now + d);
            for (int i = 0; i < DecisionLimits.Outcomes + 5; i++)
                world.Record(decision, $"a{i % 20}", OutcomeKind.Converted, value: 10_000_000_000_000, at: Now + d);
        }

        Assert.Equal(DecisionLimits.OpenItems / (20 + DecisionLimits.Outcomes), world.Kept.Open.Count);
        Assert.InRange(world.Kept.CalculateSize(), 50_000, 160_000);
        Assert.Equal(Now + 99 - world.Kept.Open.Count, world.Remembered.ForgottenAt);
    }

    [Fact]
    public void The_history_folds_to_what_is_remembered_and_again_to_the_same()
    {
        var world = Of(Placement(), Action("a", action => action.Cap = new ActionCap { MaxShown = 3, PeriodSeconds = 600 }), Action("b"));
        var history = new List<Google.Protobuf.IMessage>();
        for (int i = 0; i < 20; i++)
        {
            var decision = world.Decide(at: Now + (i * 100 * Second));
            history.Add(decision.Entry);
            foreach (var ranked in decision.Response.Ranked.Where(ranked => ranked.ActionId.Length > 0 && i % 2 == 0))
                history.Add(world.Record(decision, ranked.ActionId, OutcomeKind.Shown, at: Now + (i * 100 * Second)));
        }

        var again = new DecisionMemory();
        foreach (var entry in history)
            Fold(again, entry);
        Assert.Equal(world.Kept, again.ToState());
        Assert.NotEmpty(again.ToState().Caps);

        // As after a crash between append and snapshot: the last entries come once more.
        foreach (var entry in history.TakeLast(5))
            Fold(again, entry);
        Assert.Equal(world.Kept, again.ToState());

        static void Fold(DecisionMemory memory, Google.Protobuf.IMessage entry)
        {
            if (entry is DecisionEntry decision)
                DecisionFold.Absorb(memory, decision);
            else
                DecisionFold.Absorb(memory, (OutcomeEntry)entry);
        }
    }

    [Fact]
    public void An_outcome_of_an_action_deleted_since_counts()
    {
        var world = Of(Placement(), Action("a"));
        var decision = world.Decide();
        Assert.Null(world.Delete("a"));
        Assert.Equal(OutcomeCredit.Credited, world.Record(decision, "a", OutcomeKind.Accepted).Credit);
    }

    [Fact]
    public void A_clock_that_runs_ahead_or_behind_shows_nothing_before_it_was_decided_nor_in_the_future()
    {
        var world = Of(Placement(), Action("a", action => action.Cap = new ActionCap { MaxShown = 1, PeriodSeconds = 3_600 }));
        var decision = world.Decide();
        var outcome = new Outcome { Id = "1", DecisionId = decision.Entry.Id, ActionId = "a", Kind = OutcomeKind.Shown, OccurredAt = new Timestamp { UnixMicros = Now + (400 * Day) } };
        Assert.Equal(Now + (300 * Second), OutcomeCredits.Judge(world.Remembered, outcome, null, Now).At);
        outcome.OccurredAt.UnixMicros = Now - (400 * Day);
        DecisionFold.Absorb(world.Remembered, OutcomeCredits.Judge(world.Remembered, outcome, null, Now));
        Assert.Equal(Now, world.Kept.Caps.Single().ShownAt);
    }

    private static void AssertTeaches(OutcomeKind success, string outcomes, string expected)
    {
        var world = Of(Placement(with: placement => placement.Success = success), Action("a"));
        var decision = world.Decide();
        foreach (string outcome in outcomes.Split(' '))
        {
            string[] parts = outcome.Split(':');
            world.Record(decision, "a", Enum.Parse<OutcomeKind>(parts[0], ignoreCase: true), value: parts.Length > 1 ? long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : null);
        }

        var model = world.ModelOf(1, world.Model().Version);
        var evidence = ModelFold.EvidenceOf(model, 1);
        Assert.Equal(expected, $"{evidence.Trials} {evidence.Successes} {evidence.Value}");
        Assert.Equal(evidence.Value * evidence.Value, evidence.SquaredValue);
        Assert.Equal((evidence.Trials, evidence.Successes), (world.Decide().Response.Ranked[0].Trials, world.Decide().Response.Ranked[0].Successes));
    }

    private static EvidenceDelta With(EvidenceDelta effect, long position)
    {
        effect.Position = position;
        return effect;
    }

    /// <summary>Without arms of which nothing is known in the end.</summary>
    private static ModelState Plain(ModelState model)
    {
        var arms = model.Arms.Where(arm => !arm.Equals(new ArmState { Action = arm.Action })).ToList();
        model.Arms.Clear();
        model.Arms.AddRange(arms);
        return model;
    }
}
