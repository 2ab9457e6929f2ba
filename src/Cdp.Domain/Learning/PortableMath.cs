namespace Cdp.Domain.Learning;

/// <summary>
/// Logarithm and exponential from IEEE 754 additions, multiplications and divisions alone, so that every machine computes
/// the same bits: a decision is replayed where it was not made. The library of the platform is not that exact.
/// </summary>
public static class PortableMath
{
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;

    // Of the series of artanh, highest power first.
    private static ReadOnlySpan<double> Coefficients =>
        [1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3];

    /// <summary>Natural logarithm of a positive, finite number; relative error below 10^-15.</summary>
    public static double Log(double x)
    {
        // x = m × 2^k with m between sqrt(1/2) and sqrt(2); ln m = 2 artanh(s), s = (m - 1) / (m + 1), by its series.
        int k = Math.ILogB(x);
        double m = Math.ScaleB(x, -k);
        if (m > 1.4142135623730951)
        {
            m /= 2;
            k++;
        }

        double s = (m - 1) / (m + 1);
        double square = s * s;
        double series = 0;
        foreach (double coefficient in Coefficients)
            series = (series + coefficient) * square;
        return (k * Ln2High) + ((2 * s) + ((2 * s * series) + (k * Ln2Low)));
    }

    /// <summary>e to the power of x; 0 below -745, infinite above 709. Relative error below 10^-15.</summary>
    public static double Exp(double x)
    {
        if (x > 709)
            return double.PositiveInfinity;
        if (x < -745)
            return 0;
        // e^x = 2^k × e^r with |r| at most ln(2) / 2, by Taylor's series.
        double k = Math.Floor((x / Ln2High) + 0.5);
        double r = (x - (k * Ln2High)) - (k * Ln2Low);
        double sum = 1;
        for (int n = 16; n >= 1; n--)
            sum = 1 + (sum * r / n);
        return Math.ScaleB(sum, (int)k);
    }
}
