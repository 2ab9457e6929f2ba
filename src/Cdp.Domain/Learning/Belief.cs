using System.Numerics;

namespace Cdp.Domain.Learning;

/// <summary>What an arm is believed to bring on average: the distribution of its mean, given prior and evidence.</summary>
public abstract record Belief
{
    /// <summary>The mean that is expected.</summary>
    public abstract double Mean { get; }

    /// <summary>A width of the distribution: its standard deviation, or what stands for it.</summary>
    internal abstract double Spread { get; }

    /// <summary>Lowest and highest mean possible.</summary>
    internal abstract (double Low, double High) Range { get; }

    /// <summary>The belief after some evidence.</summary>
    public abstract Belief After(Evidence evidence);

    /// <summary>A mean drawn at random from the belief.</summary>
    public abstract double Sample(ref SeededRandom random);

    /// <summary>Logarithm of the density at a mean within the range, but for a constant.</summary>
    internal abstract double LogDensity(double mean);
}

/// <summary>
/// The belief in a rate: a Beta distribution, conjugate to successes and failures (Thompson 1933, "On the likelihood that one
/// unknown probability exceeds another"). The prior counts as successes and failures seen before.
/// </summary>
public sealed record RateBelief : Belief
{
    /// <summary>Makes a belief.</summary>
    /// <param name="alpha">Successes seen, plus one for a prior that takes every rate for equally probable; at least 1.</param>
    /// <param name="beta">Failures seen, likewise; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is below 1: such a density has no bound.</exception>
    public RateBelief(double alpha, double beta)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(alpha, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(beta, 1);
        Alpha = alpha;
        Beta = beta;
    }

    /// <summary>Takes every rate for equally probable (Bayes, Laplace).</summary>
    public static RateBelief Uniform { get; } = new(1, 1);

    /// <summary>Weight of successes.</summary>
    public double Alpha { get; }

    /// <summary>Weight of failures.</summary>
    public double Beta { get; }

    /// <inheritdoc/>
    public override double Mean => Alpha / (Alpha + Beta);

    /// <inheritdoc/>
    internal override double Spread => Math.Sqrt(Alpha * Beta / ((Alpha + Beta + 1) * (Alpha + Beta) * (Alpha + Beta)));

    /// <inheritdoc/>
    internal override (double Low, double High) Range => (0, 1);

    /// <inheritdoc/>
    public override RateBelief After(Evidence evidence) => new(Alpha + evidence.Successes, Beta + (evidence.Trials - evidence.Successes));

    /// <inheritdoc/>
    public override double Sample(ref SeededRandom random) => random.NextBeta(Alpha, Beta);

    /// <inheritdoc/>
    internal override double LogDensity(double mean) => Term(Alpha - 1, mean) + Term(Beta - 1, 1 - mean);

    private static double Term(double power, double x) => power == 0 ? 0 : x > 0 ? power * PortableMath.Log(x) : double.NegativeInfinity;
}

/// <summary>
/// The belief in a mean value of unknown variance: normal-gamma, conjugate to normal observations (DeGroot 1970, "Optimal
/// Statistical Decisions", 9.6); the mean alone is Student's t. For values that are far from normal it holds for means of many.
/// </summary>
public sealed record ValueBelief : Belief
{
    /// <summary>Makes a belief.</summary>
    /// <param name="mean">The mean that is expected.</param>
    /// <param name="weight">How many observations that is worth; positive.</param>
    /// <param name="shape">Half as many observations as the variance is worth; at least 1.</param>
    /// <param name="rate">The variance that is expected, times the shape; positive.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of its range.</exception>
    public ValueBelief(double mean, double weight, double shape, double rate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        ArgumentOutOfRangeException.ThrowIfLessThan(shape, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        (Mean, Weight, Shape, Rate) = (mean, weight, shape, rate);
    }

    /// <inheritdoc/>
    public override double Mean { get; }

    /// <summary>Observations that the mean is worth.</summary>
    public double Weight { get; }

    /// <summary>Half the observations that the variance is worth.</summary>
    public double Shape { get; }

    /// <summary>Half the sum of squared deviations.</summary>
    public double Rate { get; }

    /// <inheritdoc/>
    internal override double Spread => Math.Sqrt(Rate / (Shape * Weight));

    /// <inheritdoc/>
    internal override (double Low, double High) Range => (double.NegativeInfinity, double.PositiveInfinity);

    /// <inheritdoc/>
    public override ValueBelief After(Evidence evidence)
    {
        if (evidence.Trials == 0)
            return this;
        double count = evidence.Trials;
        double observed = (double)evidence.Value / Evidence.ValueScale / count;

        // The difference of large sums is taken of integers, since floating point would leave nothing of it.
        var spread = ((BigInteger)evidence.SquaredValue * evidence.Trials) - ((BigInteger)evidence.Value * (BigInteger)evidence.Value);
        double deviations = (double)spread / Evidence.ValueScale / Evidence.ValueScale / count;
        double weight = Weight + count;
        double gap = observed - Mean;
        return new ValueBelief(
            Mean + (gap * count / weight), weight, Shape + (count / 2), Rate + (deviations / 2) + (Weight * count * gap * gap / (2 * weight)));
    }

    /// <inheritdoc/>
    public override double Sample(ref SeededRandom random)
    {
        double precision = random.NextGamma(Shape) / Rate;
        return Mean + (random.NextNormal() / Math.Sqrt(Weight * precision));
    }

    /// <inheritdoc/>
    internal override double LogDensity(double mean)
    {
        double t = (mean - Mean) / Spread;
        return -(Shape + 0.5) * PortableMath.Log(1 + (t * t / (2 * Shape)));
    }
}
