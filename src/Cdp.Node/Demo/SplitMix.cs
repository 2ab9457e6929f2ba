using Cdp.Domain.Learning;

namespace Cdp.Node.Demo;

/// <summary>What the demo draws of random numbers that are the same for a seed on every version of the runtime.</summary>
internal sealed class SplitMix(long seed)
{
    private SeededRandom _random = new((ulong)seed);

    public int Below(int limit) => (int)(((UInt128)_random.Next() * (uint)limit) >> 64);

    public bool Chance(int percent) => Below(100) < percent;

    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
