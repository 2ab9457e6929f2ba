namespace Cdp.Bench.Product;

/// <summary>Draws ranks with probability proportional to 1 / rank (Zipf, exponent 1), by inversion of the exact table.</summary>
internal sealed class Zipf
{
    private readonly double[] _cumulated;

    public Zipf(int count)
    {
        _cumulated = new double[count];
        var sum = 0.0;
        for (var i = 0; i < count; i++) _cumulated[i] = sum += 1.0 / (i + 1);
    }

    public int Next(Random random)
    {
        var found = Array.BinarySearch(_cumulated, random.NextDouble() * _cumulated[^1]);
        return Math.Min(found < 0 ? ~found : found, _cumulated.Length - 1);
    }
}
