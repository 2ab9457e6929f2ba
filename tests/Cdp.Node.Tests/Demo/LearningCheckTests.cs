using Cdp.Domain.Learning;
using Cdp.Node.Demo;

namespace Cdp.Node.Tests.Demo;

/// <summary>What the demo asks of learning: out of reach without it, and never missed by chance with it.</summary>
public sealed class LearningCheckTests
{
    private const int Worlds = 60;
    private const double Deviations = 6;

    /// <summary>Chooses an action for a visit.</summary>
    private delegate int Policy(AcceptanceLedger ledger, Evidence[] known, ref SeededRandom random);

    [Fact]
    public void Thompson_sampling_meets_what_is_asked_with_six_deviations_to_spare()
    {
        var (mean, deviation) = WayOf(Thompson);

        Assert.True(mean - (Deviations * deviation) > LearningCheck.LeastOfTheWay, $"{mean:0.000} ± {deviation:0.000}");
    }

    [Fact]
    public void Choosing_at_random_misses_it_with_six_deviations_to_spare()
    {
        var (mean, deviation) = WayOf(static (AcceptanceLedger ledger, Evidence[] _, ref SeededRandom random) => (int)(random.NextUniform() * ledger.Rates.Count));

        Assert.True(mean + (Deviations * deviation) < LearningCheck.LeastOfTheWay, $"{mean:0.000} ± {deviation:0.000}");
    }

    [Fact]
    public void Settling_for_the_second_best_misses_it_with_six_deviations_to_spare()
    {
        var (mean, deviation) = WayOf(static (AcceptanceLedger ledger, Evidence[] _, ref SeededRandom _) => IndexOf(ledger, ledger.Rates.Order().ElementAt(ledger.Rates.Count - 2)));

        Assert.True(mean + (Deviations * deviation) < LearningCheck.LeastOfTheWay, $"{mean:0.000} ± {deviation:0.000}");
    }

    [Theory]
    [InlineData(100, 212, 250, false)]
    [InlineData(100, 213, 250, true)]
    [InlineData(100, 250, 250, true)]
    public void The_way_is_counted_from_random_to_the_best(int random, int learned, int best, bool isLearned) =>
        Assert.Equal(isLearned, LearningCheck.IsLearned(random, learned, best));

    [Fact]
    public void A_ledger_is_its_seed_and_keeps_to_its_rates()
    {
        var ledger = new AcceptanceLedger(7);
        var again = new AcceptanceLedger(7);
        const int Visits = 20_000;

        Assert.Equal(ledger.Rates, again.Rates);
        Assert.NotEqual(ledger.Rates, new AcceptanceLedger(8).Rates);
        Assert.Equal(ledger.Rates.Max(), ledger.Rates[ledger.Best]);
        for (var action = 0; action < ledger.Rates.Count; action++)
        {
            var rate = ledger.Rates[action];
            var accepted = Enumerable.Range(0, Visits).Count(visit => ledger.IsAccepted(visit, action));
            Assert.Equal(accepted, Enumerable.Range(0, Visits).Count(visit => again.IsAccepted(visit, action)));
            Assert.InRange(accepted, Visits * (rate - 0.02), Visits * (rate + 0.02));
        }
    }

    /// <summary>Of the way from random to the best possible, the part that a policy covers: mean and standard deviation over worlds.</summary>
    private static (double Mean, double Deviation) WayOf(Policy policy)
    {
        double[] ways = [.. Enumerable.Range(1, Worlds).Select(seed => WayOf(policy, seed))];
        var mean = ways.Average();
        return (mean, Math.Sqrt(ways.Sum(way => (way - mean) * (way - mean)) / (Worlds - 1)));
    }

    private static double WayOf(Policy policy, int seed)
    {
        var ledger = new AcceptanceLedger(seed);
        var draws = new SeededRandom((ulong)seed << 32);
        var known = new Evidence[ledger.Rates.Count];
        var (random, learned, best) = (0, 0, 0);
        for (var visit = 0; visit < LearningCheck.Visits; visit += LearningCheck.Round)
        {
            var heard = known.ToArray();
            for (var i = visit; i < visit + LearningCheck.Round; i++)
            {
                var action = policy(ledger, known, ref draws);
                var isAccepted = ledger.IsAccepted(i, action);
                heard[action] += isAccepted ? Evidence.Success(Evidence.ValueScale) : Evidence.Failure;
                learned += isAccepted ? 1 : 0;
                random += ledger.IsAccepted(i, (int)(draws.NextUniform() * known.Length)) ? 1 : 0;
                best += ledger.IsAccepted(i, ledger.Best) ? 1 : 0;
            }

            known = heard;
        }

        return (double)(learned - random) / (best - random);
    }

    private static int Thompson(AcceptanceLedger ledger, Evidence[] known, ref SeededRandom random)
    {
        Span<double> scores = stackalloc double[known.Length];
        ThompsonSampling.Draw([.. known.Select(RateBelief.Uniform.After)], [.. known.Select(_ => 1.0)], random.Next(), scores);
        var chosen = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[chosen]) chosen = i;
        }

        return chosen;
    }

    private static int IndexOf(AcceptanceLedger ledger, double rate) => Enumerable.Range(0, ledger.Rates.Count).First(action => ledger.Rates[action] == rate);
}
