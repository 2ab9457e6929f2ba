using Cdp.Domain.Decisions;
using Cdp.Domain.Learning;
using Cdp.V1;
using MathNet.Numerics.Distributions;
using static Cdp.Domain.Tests.Decisions.DecisionWorld;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>An action goes first as often as it is said to.</summary>
public sealed class PropensityTests
{
    [Theory]
    [InlineData(PlacementReward.Rate, "0")]
    [InlineData(PlacementReward.Rate, "1.5")]
    [InlineData(PlacementReward.Value, "1")]
    public void Frequencies_of_what_goes_first_equal_the_reported_propensities(PlacementReward reward, string minimum)
    {
        const int Draws = 20_000;
        var world = Of(
            Placement(with: placement => (placement.Reward, placement.MinimumValue) = (reward, Euro(minimum))),
            Priced("a", "5", 40, 12), Priced("b", "4", 100, 35), Priced("c", "8", 20, 3), Priced("d", "3", 4, 2), Priced("worthless", "0", 10, 9),
            Action("removed", action => action.Eligibility = "orders.count > 0"));
        Teach(world);
        var model = world.Model();
        var call = new DecisionCall(new DecisionId(Customer, 0, Now, 0), 0, "marketing") { OmitRemoved = true };
        var entry = Decider.Decide(model, call, Nobody(Now), null).Entry;
        var propensities = Receipt.Candidates(entry, model).ToDictionary(candidate => candidate.ActionId, candidate => candidate.Propensity);
        Assert.Equal(6, propensities.Count);

        var first = propensities.Keys.ToDictionary(id => id, _ => 0);
        for (ulong seed = 0; seed < Draws; seed++)
            first[Decider.Decide(model, call with { Seed = seed }, Nobody(Now), null).Response.Ranked[0].ActionId]++;

        // An arm that cannot come first never does; the others by Pearson's chi-square.
        var possible = first.Where(pair => propensities[pair.Key] * Draws >= 5).ToList();
        Assert.InRange(possible.Count, 3, 6);
        double rest = propensities.Where(pair => pair.Value * Draws < 5).Sum(pair => pair.Value);
        Assert.InRange(first.Where(pair => propensities[pair.Key] * Draws < 5).Sum(pair => pair.Value), 0, 20 + (rest * Draws));
        double square = possible.Sum(pair => Math.Pow(pair.Value - (propensities[pair.Key] * Draws), 2) / (propensities[pair.Key] * Draws));
        double p = 1 - ChiSquared.CDF(possible.Count - 1, square);
        Assert.True(p > 1e-4, $"p = {p}: {string.Join(", ", first.Select(pair => $"{pair.Key} {pair.Value} for {propensities[pair.Key] * Draws:0}"))}");
    }

    [Fact]
    public void What_is_asked_for_is_told_in_the_answer_and_is_the_same_in_the_explanation()
    {
        var world = Of(Placement(), Priced("a", "10", 40, 6), Priced("b", "4", 100, 30));
        var decision = world.Decide(call => call with { WithPropensity = true });
        Assert.False(world.Decide().Response.Ranked[0].HasPropensity);
        var first = decision.Response.Ranked[0];
        Assert.InRange(first.Propensity, 0.01, 0.99);
        Assert.False(decision.Response.Ranked[1].HasPropensity);
        Assert.Equal(first.Propensity, Receipt.Candidates(decision.Entry, world.Model()).Single(candidate => candidate.ActionId == first.ActionId).Propensity);
        Assert.Equal(1, world.Decide(call => call with { WithPropensity = true, Mode = DecisionMode.Force }).Response.Ranked[0].Propensity);

        for (int i = 0; i < DecisionLimits.Propensities - 1; i++)
            world.Put(Action($"x{i}"));
        Assert.False(world.Decide(call => call with { WithPropensity = true }).Response.Ranked[0].HasPropensity);
    }

    [Fact]
    public void Where_nothing_competes_nothing_is_certain_to_be_done()
    {
        var world = Of(Placement());
        var decision = world.Decide(call => call with { WithPropensity = true });
        var only = Assert.Single(decision.Response.Ranked);
        Assert.Equal(("", 1.0), (only.ActionId, only.Propensity));
        Assert.Equal("nothing", decision.Response.Fallback.Key);
    }

    [Fact]
    public void What_brings_more_is_learned_and_goes_first()
    {
        // Acceptance by the ledger; the values make the second best by rate the best by worth.
        var rates = new Dictionary<string, double> { ["a"] = 0.05, ["b"] = 0.3, ["c"] = 0.2, ["d"] = 0.1 };
        var world = Of(
            Placement(with: placement => placement.Slots = 1), Action("a"), Action("b"), Action("c", action => action.Value = Euro("3")), Action("d"));
        var random = new SeededRandom(3);
        var chosen = new List<string>();
        for (int i = 0; i < 600; i++)
        {
            var decision = world.Decide(at: Now + i);
            string action = decision.Response.Ranked[0].ActionId;
            chosen.Add(action);
            world.Record(decision, action, random.NextUniform() < rates[action] ? OutcomeKind.Accepted : OutcomeKind.Rejected, at: Now + i);
        }

        Assert.InRange(chosen.Take(50).Distinct().Count(), 3, 4);
        Assert.InRange(chosen.TakeLast(300).Count(action => action == "c"), 240, 300);
        Assert.Equal("c", world.Decide(call => call with { Mode = DecisionMode.Force }).Response.Ranked[0].ActionId);
    }

    private static Cdp.V1.Action Priced(string id, string value, int shown, int succeeded) => Action(id, action =>
    {
        action.Value = Euro(value);
        action.Prior = new ActionPrior { Shown = shown, Succeeded = succeeded };
    });

    private static void Teach(DecisionWorld world)
    {
        for (int i = 0; i < 8; i++)
        {
            var decision = world.Decide();
            foreach (var ranked in decision.Response.Ranked.Where(ranked => ranked.ActionId.Length > 0))
            {
                world.Record(decision, ranked.ActionId, OutcomeKind.Shown);
                if (i % 4 == 0)
                {
                    world.Record(decision, ranked.ActionId, OutcomeKind.Accepted);
                    world.Record(decision, ranked.ActionId, OutcomeKind.Converted, value: 30_000 + (i * 1_000));
                }
            }
        }
    }
}
