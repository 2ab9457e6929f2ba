using Cdp.Domain.Learning;
using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.Distributions;

namespace Cdp.Domain.Tests.Learning;

/// <summary>Each arm is drawn as often as it is probable to be the best, and learning follows from it.</summary>
public sealed class ThompsonSamplingTests
{
    private static readonly Belief[] Rates = [new RateBelief(3, 20), new RateBelief(8, 40), new RateBelief(1, 1), new RateBelief(60, 400), new RateBelief(2, 30)];
    private static readonly Belief[] Values = [new ValueBelief(10, 5, 3, 40), new ValueBelief(12, 1, 1, 30), new ValueBelief(9, 100, 50, 900), new ValueBelief(11, 20, 10, 50)];

    [Fact]
    public void Frequencies_equal_the_propensities_of_rates() => AssertFrequencies(Rates, [1, 1, 1, 1, 1]);

    [Fact]
    public void Frequencies_equal_the_propensities_of_rates_of_different_worth() => AssertFrequencies(Rates, [30, 12, 3, 20, 55]);

    [Fact]
    public void Frequencies_equal_the_propensities_of_values() => AssertFrequencies(Values, [1, 1, 1, 1]);

    [Fact]
    public void Propensities_of_two_rates_are_those_in_closed_form()
    {
        // P(X > Y) for X ~ Beta(a, b), Y ~ Beta(c, d) with whole a: Cook 2005, "Exact calculation of beta inequalities".
        double exact = Enumerable.Range(0, 8).Sum(i => Math.Exp(
            LogBeta(5 + i, 40 + 30) - Math.Log(30 + i) - LogBeta(1 + i, 30) - LogBeta(5, 40)));
        double[] propensities = ThompsonSampling.Propensities([new RateBelief(8, 30), new RateBelief(5, 40)], [1, 1]);
        Assert.Equal(exact, propensities[0], 1e-4);
        Assert.Equal(1, propensities.Sum(), 1e-12);

        static double LogBeta(double a, double b) => MathNet.Numerics.SpecialFunctions.BetaLn(a, b);
    }

    [Fact]
    public void Arms_of_which_nothing_is_known_are_alike_and_a_sure_one_wins()
    {
        Assert.All(ThompsonSampling.Propensities([.. Enumerable.Repeat<Belief>(RateBelief.Uniform, 10)], [.. Enumerable.Repeat(1.0, 10)]), p => Assert.Equal(0.1, p, 1e-9));
        Assert.Equal([1.0], ThompsonSampling.Propensities([RateBelief.Uniform], [7]));
        double[] sure = ThompsonSampling.Propensities([new RateBelief(500_000, 500_000), new RateBelief(400_000, 600_000)], [1, 1]);
        Assert.Equal(1, sure[0], 1e-9);
    }

    [Fact]
    public void Where_a_floor_has_to_be_surpassed_the_rest_is_the_probability_that_none_does()
    {
        // Of two uniform rates: both lie below f with f^2, and the higher one is either.
        double[] propensities = ThompsonSampling.Propensities([RateBelief.Uniform, RateBelief.Uniform], [2, 2], 1.2, out double none);
        Assert.Equal(0.36, none, 1e-6);
        Assert.All(propensities, p => Assert.Equal(0.32, p, 1e-6));

        Assert.Empty(ThompsonSampling.Propensities([], [], 0, out none));
        Assert.Equal(1, none);
        Assert.Equal([0.0], ThompsonSampling.Propensities([RateBelief.Uniform], [1], 5, out none));
        Assert.Equal(1, none);
        Assert.Equal([1.0], ThompsonSampling.Propensities([RateBelief.Uniform], [1], -5, out none));
        Assert.Equal(0, none);
    }

    [Fact]
    public void A_sharp_belief_beside_a_wide_one_is_told_exactly()
    {
        // P(X > Y) for X ~ Beta(a, 1), Y nearly certain at y: 1 - y^a.
        double[] propensities = ThompsonSampling.Propensities([new RateBelief(3, 1), new RateBelief(600_000, 400_000)], [1, 1]);
        Assert.Equal(1 - Math.Pow(0.6, 3), propensities[0], 1e-4);
    }

    [Fact]
    public void A_draw_follows_from_its_seed()
    {
        var (first, second, other) = (new double[5], new double[5], new double[5]);
        ThompsonSampling.Draw(Rates, [1, 1, 1, 1, 1], 99, first);
        ThompsonSampling.Draw(Rates, [1, 1, 1, 1, 1], 99, second);
        ThompsonSampling.Draw(Rates, [1, 1, 1, 1, 1], 100, other);
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Evidence_adds_up_in_any_order_and_in_any_parts() => Check.One(
        Config.QuickThrowOnFailure.WithQuietOnSuccess(true),
        Prop.ForAll(ArbMap.Default.ArbFor<int[]>(), ArbMap.Default.ArbFor<int>(), (outcomes, seed) =>
        {
            var pieces = outcomes.Select(value => value % 3 == 0 ? Evidence.Failure : Evidence.Success(value)).ToArray();
            var expected = pieces.Aggregate(default(Evidence), Evidence.Add);
            var shuffled = pieces.ToArray();
            new System.Random(seed).Shuffle(shuffled);
            int cut = shuffled.Length == 0 ? 0 : (int)((uint)seed % (uint)shuffled.Length);
            return shuffled[..cut].Aggregate(default(Evidence), Evidence.Add) + shuffled[cut..].Aggregate(default(Evidence), Evidence.Add) == expected;
        }));

    [Theory]
    [InlineData(0.999, 1)]
    [InlineData(1, 0.5)]
    [InlineData(double.NaN, 1)]
    public void A_rate_s_prior_is_bounded(double alpha, double beta) => Assert.Throws<ArgumentOutOfRangeException>(() => new RateBelief(alpha, beta));

    /// <summary>Pearson's chi-square: its p-value is below 10^-4 for one seed in ten thousand, and this one never changes.</summary>
    private static void AssertFrequencies(Belief[] beliefs, double[] scales)
    {
        const int Draws = 50_000;
        double[] propensities = ThompsonSampling.Propensities(beliefs, scales);
        var wins = new int[beliefs.Length];
        var scores = new double[beliefs.Length];
        for (ulong seed = 0; seed < Draws; seed++)
        {
            ThompsonSampling.Draw(beliefs, scales, seed, scores);
            wins[Array.IndexOf(scores, scores.Max())]++;
        }

        double square = wins.Select((won, i) => Math.Pow(won - (propensities[i] * Draws), 2) / (propensities[i] * Draws)).Sum();
        double p = 1 - ChiSquared.CDF(beliefs.Length - 1, square);
        Assert.True(p > 1e-4, $"p = {p}; {string.Join(", ", wins.Select((won, i) => $"{won} for {propensities[i] * Draws:0}"))}");
    }
}
