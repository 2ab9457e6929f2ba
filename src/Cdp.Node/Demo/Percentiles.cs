using System.Globalization;

namespace Cdp.Node.Demo;

/// <summary>Durations of calls.</summary>
internal sealed class Percentiles
{
    private readonly List<double> _milliseconds = [];

    public int Count => _milliseconds.Count;

    public void Add(TimeSpan duration) => _milliseconds.Add(duration.TotalMilliseconds);

    public override string ToString()
    {
        _milliseconds.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"p50 {At(50):0.00} ms, p99 {At(99):0.00} ms");
    }

    private double At(int percent) => Count == 0 ? 0 : _milliseconds[Math.Min(Count - 1, Count * percent / 100)];
}
