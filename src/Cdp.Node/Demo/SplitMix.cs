namespace Cdp.Node.Demo;

/// <summary>
/// Random numbers that are the same for a seed on every version of the runtime (Steele, Lea, Flood: "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014).
/// </summary>
internal sealed class SplitMix(long seed)
{
    private ulong _state = (ulong)seed;

    public int Below(int limit) => (int)(((UInt128)Next() * (uint)limit) >> 64);

    public bool Chance(int percent) => Below(100) < percent;

    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
