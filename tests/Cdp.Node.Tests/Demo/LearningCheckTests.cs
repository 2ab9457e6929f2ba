using Cdp.Domain.Learning;
using Cdp.Node.Demo;

namespace Cdp.Node.Tests.Demo;

/// <summary>What the demo asks of learning: out of reach without it, and never missed by chance with it.</summary>
public sealed class LearningCheckTests
{
    private const int Worlds = 60;
    private const int UnluckyWorlds = 20;
    private const double Deviations = 6;

    // 0.64 to the 31st is one in a million.
    private const int Unlucky = 31;

    /// <summary>Chooses an action for a visit.</summary>
    private delegate int Policy(AcceptanceLedger ledger, Evidence[] known, ref SeededRandom random);

    [Fact]
    public void Thompson_sampling_meets_what_is_asked_with_six_deviations_to_spare()
    {
        var worlds = Run(Thompson, Worlds, refusals: 0);

        Assert.All(worlds, world => Assert.True(LearningCheck.IsLearned(world.All, world.Last)));
        AssertAbove(LearningCheck.LeastOfTheWay, worlds.Select(world => world.All.Way));
        AssertAbove(LearningCheck.LeastOfTheWayAtLast, worlds.Select(world => world.Last.Way));
    }

    [Fact]
    public void It_meets_it_when_the_best_action_is_as_unlucky_as_one_in_a_million() =>
        Assert.All(Run(Thompson, UnluckyWorlds, Unlucky), world => Assert.True(LearningCheck.IsLearned(world.All, world.Last), $"{world.All} {world.Last}"));

    [Fact]
    public void Choosing_at_random_misses_it_with_six_deviations_to_spare() => AssertBelow(
        LearningCheck.LeastOfTheWay, Run(static (AcceptanceLedger ledger, Evidence[] _, ref SeededRandom random) => (int)(random.NextUniform() * ledger.Rates.Count), Worlds, refusals: 0).Select(world => world.All.Way));

    [Fact]
    public void Settling_for_the_second_best_misses_it_with_six_deviations_to_spare() => AssertBelow(
        LearningCheck.LeastOfTheWay, Run(static (AcceptanceLedger ledger, Evidence[] _, ref SeededRandom _) => SecondBest(ledger), Worlds, refusals: 0).Select(world => world.All.Way));

    [Theory]
    [InlineData(1_199, 250, false)]
    [InlineData(1_200, 174, false)]
    [InlineData(1_200, 175, true)]
    public void Half_of_the_way_has_to_be_covered_and_three_quarters_at_last(int learned, int learnedAtLast, bool isLearned) =>
        Assert.Equal(isLearned, LearningCheck.IsLearned(new Acceptance(600, learned, 1_800), new Acceptance(100, learnedAtLast, 200)));

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

    private static void AssertAbove(double least, IEnumerable<double> ways)
    {
        var (mean, deviation) = Moments([.. ways]);
        Assert.True(mean - (Deviations * deviation) > least, $"{mean:0.000} ± {deviation:0.000}");
    }

    private static void AssertBelow(double least, IEnumerable<double> ways)
    {
        var (mean, deviation) = Moments([.. ways]);
        Assert.True(mean + (Deviations * deviation) < least, $"{mean:0.000} ± {deviation:0.000}");
    }

    private static (double Mean, double Deviation) Moments(double[] values)
    {
        var mean = values.Average();
        return (mean, Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1)));
    }

    private static List<(Acceptance All, Acceptance Last)> Run(Policy policy, int worlds, int refusals) => [.. Enumerable.Range(1, worlds).Select(seed => Run(policy, (long)seed, refusals))];

    /// <summary>The demo's visits in one world.</summary>
    /// <param name="policy">Chooses.</param>
    /// <param name="seed">The world.</param>
    /// <param name="refusals">How often the best action is refused first, whatever the ledger says.</param>
    private static (Acceptance All, Acceptance Last) Run(Policy policy, long seed, int refusals)
    {
        var ledger = new AcceptanceLedger(seed);
        var draws = new SeededRandom((ulong)seed << 32);
        var known = new Evidence[ledger.Rates.Count];
        var (all, last) = (default(Acceptance), default(Acceptance));
        for (var visit = 0; visit < LearningCheck.Visits; visit += LearningCheck.Round)
        {
            var heard = known.ToArray();
            for (var i = visit; i < visit + LearningCheck.Round; i++)
            {
                var action = policy(ledger, known, ref draws);
                var isRefused = action == ledger.Best && refusals-- > 0;
                var isAccepted = !isRefused && ledger.IsAccepted(i, action);
                heard[action] += isAccepted ? Evidence.Success(Evidence.ValueScale) : Evidence.Failure;
                var one = new Acceptance(Count(ledger.IsAccepted(i, (int)(draws.NextUniform() * known.Length))), Count(isAccepted), Count(ledger.IsAccepted(i, ledger.Best)));
                all += one;
                if (visit >= LearningCheck.Visits - LearningCheck.LastVisits) last += one;
            }

            known = heard;
        }

        return (all, last);
    }

    private static int Count(bool isAccepted) => isAccepted ? 1 : 0;

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

    private static int SecondBest(AcceptanceLedger ledger)
    {
        var rate = ledger.Rates.Order().ElementAt(ledger.Rates.Count - 2);
        return Enumerable.Range(0, ledger.Rates.Count).First(action => ledger.Rates[action] == rate);
    }
}
