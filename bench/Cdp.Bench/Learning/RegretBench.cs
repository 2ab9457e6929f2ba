using System.Globalization;
using Cdp.Domain.Learning;

namespace Cdp.Bench.Learning;

/// <summary>
/// What learning costs: the expected successes lost to the best arm over 10,000 decisions among 10 arms of unknown rates,
/// in 20 worlds, against the policies that teams write first and the least that any policy can lose.
/// </summary>
internal sealed class RegretBench : IBench
{
    private const int Worlds = 20;
    private const int Arms = 10;
    private const int Decisions = 10_000;

    // Student's t, 97.5 %, 19 degrees of freedom.
    private const double Quantile = 2.093;

    /// <summary>Chooses an arm.</summary>
    private delegate int Policy(Evidence[] evidence, int decision, ref SeededRandom random);

    public string Name => "regret";

    public string Description => "successes lost while learning, Thompson sampling ÷ epsilon-greedy; beside UCB1 and the lower bound of Lai and Robbins";

    public Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var worlds = Enumerable.Range(1, Worlds).Select(World).ToArray();
        var thompson = Report("thompson", worlds, Thompson);
        var greedy = Report("epsilon-greedy 0.1", worlds, EpsilonGreedy);
        var ucb = Report("UCB1", worlds, Ucb1);
        var random = Report("random", worlds, static (Evidence[] _, int _, ref SeededRandom random) => (int)(random.NextUniform() * Arms));
        double bound = worlds.Average(LowerBound);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"lower bound",-20}{bound,8:0}   (Lai and Robbins 1985: what any policy loses in the long run)"));
        return Task.FromResult(new BenchResult(thompson / greedy, new Dictionary<string, double>
        {
            ["thompson_regret"] = thompson,
            ["epsilon_greedy_regret"] = greedy,
            ["ucb1_regret"] = ucb,
            ["random_regret"] = random,
            ["lower_bound"] = bound,
        }));
    }

    /// <summary>
    /// Rates of 2 to 12 %, and one arm of 20 %: among arms that are nearly as good as the best, the bound, which speaks of
    /// the long run, says nothing about 10,000 decisions.
    /// </summary>
    private static double[] World(int number)
    {
        var random = new SeededRandom((ulong)number);
        double[] rates = [.. Enumerable.Range(0, Arms).Select(_ => 0.02 + (0.1 * random.NextUniform()))];
        rates[(int)(random.NextUniform() * Arms)] = 0.2;
        return rates;
    }

    private static double Report(string name, double[][] worlds, Policy policy)
    {
        double[] regrets = [.. worlds.Select((rates, world) => RegretOf(rates, policy, (ulong)world + 1_000))];
        double mean = regrets.Average();
        double deviation = Math.Sqrt(regrets.Sum(regret => (regret - mean) * (regret - mean)) / (Worlds - 1));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-20}{mean,8:0}   ± {Quantile * deviation / Math.Sqrt(Worlds):0} (95 %, {Worlds} worlds)"));
        return mean;
    }

    private static double RegretOf(double[] rates, Policy policy, ulong seed)
    {
        var random = new SeededRandom(seed);
        var evidence = new Evidence[rates.Length];
        double best = rates.Max();
        double regret = 0;
        for (int decision = 0; decision < Decisions; decision++)
        {
            int arm = policy(evidence, decision, ref random);
            evidence[arm] += random.NextUniform() < rates[arm] ? Evidence.Success(Evidence.ValueScale) : Evidence.Failure;
            regret += best - rates[arm];
        }

        return regret;
    }

    private static int Thompson(Evidence[] evidence, int decision, ref SeededRandom random)
    {
        Span<double> scores = stackalloc double[Arms];
        ThompsonSampling.Draw([.. evidence.Select(RateBelief.Uniform.After)], [.. Enumerable.Repeat(1.0, Arms)], random.Next(), scores);
        return IndexOfMax(scores);
    }

    private static int EpsilonGreedy(Evidence[] evidence, int decision, ref SeededRandom random)
    {
        if (random.NextUniform() < 0.1)
            return (int)(random.NextUniform() * Arms);
        Span<double> scores = stackalloc double[Arms];
        for (int i = 0; i < Arms; i++)
            scores[i] = (evidence[i].Successes + 1.0) / (evidence[i].Trials + 2);
        return IndexOfMax(scores);
    }

    /// <summary>Auer, Cesa-Bianchi and Fischer 2002, "Finite-time analysis of the multiarmed bandit problem".</summary>
    private static int Ucb1(Evidence[] evidence, int decision, ref SeededRandom random)
    {
        Span<double> scores = stackalloc double[Arms];
        for (int i = 0; i < Arms; i++)
        {
            scores[i] = evidence[i].Trials == 0
                ? double.PositiveInfinity
                : (evidence[i].Successes / (double)evidence[i].Trials) + Math.Sqrt(2 * Math.Log(decision) / evidence[i].Trials);
        }

        return IndexOfMax(scores);
    }

    private static double LowerBound(double[] rates)
    {
        double best = rates.Max();
        return Math.Log(Decisions) * rates.Where(rate => rate < best).Sum(rate => (best - rate) / Divergence(rate, best));
    }

    /// <summary>Kullback and Leibler's, of two rates.</summary>
    private static double Divergence(double p, double q) => (p * Math.Log(p / q)) + ((1 - p) * Math.Log((1 - p) / (1 - q)));

    private static int IndexOfMax(ReadOnlySpan<double> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best])
                best = i;
        }

        return best;
    }
}
