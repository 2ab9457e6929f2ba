namespace Cdp.Domain.Learning;

/// <summary>
/// Random numbers that follow from a seed, the same on every machine and in every version: SplitMix64 (Steele, Lea and
/// Flood 2014, "Fast splittable pseudorandom number generators"). Persisted through the seeds of decisions: never changed.
/// </summary>
/// <param name="seed">Any number; seeds that are near give numbers that have nothing in common.</param>
public struct SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform between 0 and 1, neither of them included.</summary>
    public double NextUniform() => ((Next() >> 12) + 0.5) * (1.0 / (1UL << 52));

    /// <summary>Standard normal, by the polar method (Marsaglia and Bray 1964).</summary>
    public double NextNormal()
    {
        while (true)
        {
            double u = (2 * NextUniform()) - 1;
            double v = (2 * NextUniform()) - 1;
            double s = (u * u) + (v * v);
            if (s is > 0 and < 1)
                return u * Math.Sqrt(-2 * PortableMath.Log(s) / s);
        }
    }

    /// <summary>Gamma with unit rate (Marsaglia and Tsang 2000, "A simple method for generating gamma variables").</summary>
    /// <param name="shape">Positive.</param>
    public double NextGamma(double shape)
    {
        // Below 1: Gamma(shape + 1) × U^(1 / shape).
        if (shape < 1)
            return NextGamma(shape + 1) * PortableMath.Exp(PortableMath.Log(NextUniform()) / shape);
        double d = shape - (1.0 / 3);
        double c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = NextNormal();
            double v = 1 + (c * x);
            if (v <= 0)
                continue;
            v = v * v * v;
            double u = NextUniform();

            // The squeeze of the paper: where it holds the exact test does, and needs no logarithms.
            if (u < 1 - (0.0331 * x * x * x * x))
                return d * v;
            if (PortableMath.Log(u) < (0.5 * x * x) + (d * (1 - v + PortableMath.Log(v))))
                return d * v;
        }
    }

    /// <summary>Beta, as a ratio of gammas.</summary>
    /// <param name="alpha">Positive.</param>
    /// <param name="beta">Positive.</param>
    public double NextBeta(double alpha, double beta)
    {
        double x = NextGamma(alpha);
        double y = NextGamma(beta);

        // Both may be too small to be told from 0: then all the weight lies at the ends.
        return x + y > 0 ? x / (x + y) : NextUniform() * (alpha + beta) < alpha ? 1 : 0;
    }
}
