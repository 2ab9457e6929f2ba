namespace Cdp.Domain.Learning;

/// <summary>
/// Chooses each arm as often as it is probable that it is the best: a mean is drawn from the belief in each, and the highest
/// wins (Thompson 1933; Agrawal and Goyal 2012 show that its regret grows no faster than the lower bound of Lai and Robbins).
/// </summary>
public static class ThompsonSampling
{
    // Nodes lie at the belief's mean plus sinh(t) spreads: dense where the mass is, and far out for heavy tails.
    private const double Step = 0.05;
    private const int Steps = 120;

    /// <summary>Draws a mean for each arm; the order of the arms is part of what is drawn.</summary>
    /// <param name="beliefs">The belief in each arm.</param>
    /// <param name="scales">What one unit of each arm's mean is worth; non-negative.</param>
    /// <param name="seed">The draw's seed.</param>
    /// <param name="scores">Where to write the drawn means times their scales; as long as the arms.</param>
    public static void Draw(ReadOnlySpan<Belief> beliefs, ReadOnlySpan<double> scales, ulong seed, Span<double> scores)
    {
        var random = new SeededRandom(seed);
        for (int i = 0; i < beliefs.Length; i++)
            scores[i] = beliefs[i].Sample(ref random) * scales[i];
    }

    /// <summary>
    /// The probability of each arm to be drawn highest, by integrating its density times the others' distributions; accurate
    /// to about 10^-4. Takes time with the square of the number of arms: for explaining, not for deciding.
    /// </summary>
    /// <param name="beliefs">The belief in each arm; at least one.</param>
    /// <param name="scales">What one unit of each arm's mean is worth; positive.</param>
    public static double[] Propensities(ReadOnlySpan<Belief> beliefs, ReadOnlySpan<double> scales) =>
        Propensities(beliefs, scales, double.NegativeInfinity, out _);

    /// <summary>The same where an arm has to be drawn higher than a floor, so that it may be that none is.</summary>
    /// <param name="beliefs">The belief in each arm.</param>
    /// <param name="scales">What one unit of each arm's mean is worth; positive.</param>
    /// <param name="floor">What has to be surpassed.</param>
    /// <param name="none">The probability that no arm surpasses it.</param>
    public static double[] Propensities(ReadOnlySpan<Belief> beliefs, ReadOnlySpan<double> scales, double floor, out double none)
    {
        none = 1;
        if (beliefs.IsEmpty)
            return [];
        double[] nodes = Nodes(beliefs, scales, floor);
        var distributions = new double[beliefs.Length][];
        for (int i = 0; i < beliefs.Length; i++)
            distributions[i] = Distribution(beliefs[i], scales[i], nodes);

        // The floor, where there is one, is a node: no interval lies on both of its sides.
        int first = Math.Max(0, Array.BinarySearch(nodes, floor));
        foreach (double[] distribution in distributions)
            none *= distribution[first];
        var propensities = new double[beliefs.Length];
        for (int n = first + 1; n < nodes.Length; n++)
        {
            for (int i = 0; i < beliefs.Length; i++)
                propensities[i] += MassIn(n, i, distributions);
        }

        double sum = propensities.Sum() + none;
        none /= sum;
        for (int i = 0; i < propensities.Length; i++)
            propensities[i] /= sum;
        return propensities;
    }

    /// <summary>The mass that arm i has in an interval, times the probability that all others lie below.</summary>
    private static double MassIn(int n, int arm, double[][] distributions)
    {
        double mass = distributions[arm][n] - distributions[arm][n - 1];
        if (mass <= 0)
            return 0;
        double below = mass;
        for (int j = 0; j < distributions.Length && below > 0; j++)
        {
            if (j != arm)
                below *= (distributions[j][n - 1] + distributions[j][n]) / 2;
        }

        return below;
    }

    private static double[] Nodes(ReadOnlySpan<Belief> beliefs, ReadOnlySpan<double> scales, double floor)
    {
        var nodes = new SortedSet<double>();
        if (double.IsFinite(floor))
            nodes.Add(floor);
        for (int i = 0; i < beliefs.Length; i++)
        {
            var (low, high) = beliefs[i].Range;
            for (int k = -Steps; k <= Steps; k++)
            {
                double power = PortableMath.Exp(k * Step);
                double at = beliefs[i].Mean + (beliefs[i].Spread * ((power - (1 / power)) / 2));
                nodes.Add(Math.Clamp(at, low, high) * scales[i]);
            }

            if (double.IsFinite(low))
                nodes.Add(low * scales[i]);
            if (double.IsFinite(high))
                nodes.Add(high * scales[i]);
        }

        return [.. nodes];
    }

    /// <summary>The distribution function at the nodes, by Simpson's rule between them.</summary>
    private static double[] Distribution(Belief belief, double scale, double[] nodes)
    {
        double peak = belief.LogDensity(belief.Mean);
        var sums = new double[nodes.Length];
        for (int n = 1; n < nodes.Length; n++)
        {
            double width = nodes[n] - nodes[n - 1];
            double middle = nodes[n - 1] + (width / 2);
            sums[n] = sums[n - 1] + ((DensityAt(nodes[n - 1]) + (4 * DensityAt(middle)) + DensityAt(nodes[n])) * width / 6);
        }

        for (int n = 0; n < sums.Length; n++)
            sums[n] /= sums[^1];
        return sums;

        double DensityAt(double node)
        {
            double mean = node / scale;
            var (low, high) = belief.Range;
            return mean < low || mean > high ? 0 : PortableMath.Exp(belief.LogDensity(mean) - peak);
        }
    }
}
