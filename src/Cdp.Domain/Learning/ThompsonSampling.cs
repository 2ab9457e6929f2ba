namespace Cdp.Domain.Learning;

/// <summary>
/// Chooses each arm as often as it is probable that it is the best: a mean is drawn from the belief in each, and the highest
/// wins (Thompson 1933; Agrawal and Goyal 2012 show that its regret grows no faster than the lower bound of Lai and Robbins).
/// </summary>
public static class ThompsonSampling
{
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
        var arms = new Distribution[beliefs.Length];
        for (int i = 0; i < arms.Length; i++)
            arms[i] = Distribution.Of(beliefs[i], scales[i]);
        double[] nodes = Nodes(arms, floor);
        var distributions = new double[arms.Length][];
        for (int i = 0; i < arms.Length; i++)
        {
            distributions[i] = arms[i].At(nodes);
            none *= arms[i].At([floor])[0];
        }

        double[] propensities = Integrate(distributions, nodes.Length);
        double sum = propensities.Sum() + none;
        none /= sum;
        for (int i = 0; i < propensities.Length; i++)
            propensities[i] /= sum;
        return propensities;
    }

    /// <summary>Of each arm, the mass that it has in each interval, times the probability that all others lie below.</summary>
    private static double[] Integrate(double[][] distributions, int nodes)
    {
        var sums = new double[distributions.Length];
        var below = new double[distributions.Length + 1];
        for (int n = 1; n < nodes; n++)
        {
            // The product over all but one arm, without a division: of those before it, times that of those behind it.
            below[^1] = 1;
            for (int i = distributions.Length - 1; i >= 0; i--)
                below[i] = below[i + 1] * Middle(distributions[i], n);
            double before = 1;
            for (int i = 0; i < distributions.Length; i++)
            {
                sums[i] += (distributions[i][n] - distributions[i][n - 1]) * before * below[i + 1];
                before *= Middle(distributions[i], n);
            }
        }

        return sums;

        static double Middle(double[] distribution, int n) => (distribution[n - 1] + distribution[n]) / 2;
    }

    /// <summary>The nodes of all arms from the floor on.</summary>
    private static double[] Nodes(Distribution[] arms, double floor)
    {
        var nodes = new List<double>();
        if (double.IsFinite(floor))
            nodes.Add(floor);
        foreach (var arm in arms)
            nodes.AddRange(arm.Nodes.Where(node => node > floor));
        nodes.Sort();
        return [.. nodes.Distinct()];
    }

    /// <summary>
    /// A distribution function: its values at nodes, by Simpson's rule, and between them by the cubic that has its density
    /// for a slope at both ends (Hermite).
    /// </summary>
    private sealed class Distribution
    {
        // Nodes lie at the belief's mean plus sinh(t) spreads: dense where the mass is, and far out for heavy tails.
        private const double Step = 0.05;
        private const int Steps = 120;

        private readonly double[] _densities;
        private readonly double[] _sums;

        private Distribution(double[] nodes, double[] densities, double[] sums) => (Nodes, _densities, _sums) = (nodes, densities, sums);

        /// <summary>Ascending.</summary>
        public double[] Nodes { get; }

        public static Distribution Of(Belief belief, double scale)
        {
            var (low, high) = belief.Range;
            double peak = belief.LogDensity(belief.Mean);
            double[] nodes = NodesOf(belief, scale);
            double[] densities = Array.ConvertAll(nodes, DensityAt);
            var sums = new double[nodes.Length];
            for (int n = 1; n < nodes.Length; n++)
            {
                double width = nodes[n] - nodes[n - 1];
                sums[n] = sums[n - 1] + ((densities[n - 1] + (4 * DensityAt(nodes[n - 1] + (width / 2))) + densities[n]) * width / 6);
            }

            double whole = sums[^1];
            return new Distribution(nodes, Array.ConvertAll(densities, density => density / whole), Array.ConvertAll(sums, sum => sum / whole));

            double DensityAt(double node) => PortableMath.Exp(belief.LogDensity(Math.Clamp(node / scale, low, high)) - peak);
        }

        /// <summary>Its values at ascending places.</summary>
        public double[] At(ReadOnlySpan<double> places)
        {
            var values = new double[places.Length];
            int n = 0;
            for (int i = 0; i < places.Length; i++)
            {
                while (n < Nodes.Length && Nodes[n] <= places[i])
                    n++;
                values[i] = n == 0 ? 0 : n == Nodes.Length ? 1 : Between(n, places[i]);
            }

            return values;
        }

        private static double[] NodesOf(Belief belief, double scale)
        {
            var (low, high) = belief.Range;
            var nodes = new SortedSet<double>();
            for (int k = -Steps; k <= Steps; k++)
            {
                double power = PortableMath.Exp(k * Step);
                nodes.Add(Math.Clamp(belief.Mean + (belief.Spread * ((power - (1 / power)) / 2)), low, high) * scale);
            }

            if (double.IsFinite(low))
                nodes.Add(low * scale);
            if (double.IsFinite(high))
                nodes.Add(high * scale);
            return [.. nodes];
        }

        private double Between(int n, double place)
        {
            double width = Nodes[n] - Nodes[n - 1];
            double t = (place - Nodes[n - 1]) / width;
            double rest = 1 - t;
            double value = (((1 + (2 * t)) * rest * rest * _sums[n - 1]) + (t * t * (3 - (2 * t)) * _sums[n]))
                + (t * rest * width * ((rest * _densities[n - 1]) - (t * _densities[n])));
            return Math.Clamp(value, _sums[n - 1], _sums[n]);
        }
    }
}
