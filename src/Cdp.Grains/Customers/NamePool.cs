namespace Cdp.Grains.Customers;

/// <summary>
/// Shares equal names (event types, channels, sources) among live customers, who would else each keep a copy. A fixed
/// number of slots, each holding the name that fell into it last. Thread-safe without locks.
/// </summary>
internal sealed class NamePool
{
    private const int Slots = 4096;
    private const int LongestShared = 64;

    private readonly string?[] _names = new string?[Slots];

    /// <summary>The name, as the instance that others have where there is one.</summary>
    public string Share(string name)
    {
        if (name.Length is 0 or > LongestShared) return name;

        // String hashes are seeded per process: a sender cannot aim its names at one slot.
        ref var slot = ref _names[(uint)name.GetHashCode(StringComparison.Ordinal) % Slots];
        var known = Volatile.Read(ref slot);
        if (known == name) return known;
        Volatile.Write(ref slot, name);
        return name;
    }
}
