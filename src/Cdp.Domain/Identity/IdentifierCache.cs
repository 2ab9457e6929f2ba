namespace Cdp.Domain.Identity;

/// <summary>
/// What became of recent identifiers: a fixed number of slots, each holding the last identifier that fell into it.
/// Normalising and hashing an identifier costs microseconds, and events of one visitor come in runs. Thread-safe
/// without locks: a slot is one reference to an immutable entry.
/// </summary>
public sealed class IdentifierCache
{
    /// <summary>Longer values are not kept, so that the memory is bounded by the number of slots.</summary>
    public const int MaxCachedLength = 128;

    private readonly Entry?[] _slots;

    /// <summary>Makes a cache.</summary>
    /// <param name="capacity">Number of slots, rounded up to a power of two; about 400 bytes each when used.</param>
    public IdentifierCache(int capacity = 65_536)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _slots = new Entry?[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity)];
    }

    /// <summary>Finds what an owner put in for an identifier; null when it is not (or no longer) there.</summary>
    /// <param name="owner">Who resolved it: results of other tenants or configurations are never found.</param>
    /// <param name="name">The namespace.</param>
    /// <param name="value">The value as it was sent.</param>
    public ResolvedIdentifier? Find(object owner, string name, string value)
    {
        var entry = Volatile.Read(ref _slots[SlotOf(owner, name, value)]);
        return entry is not null && ReferenceEquals(entry.Owner, owner) && entry.Value == value && entry.Name == name
            ? entry.Resolved
            : null;
    }

    /// <summary>Puts in what became of an identifier, in place of what its slot held.</summary>
    public void Put(object owner, string name, string value, ResolvedIdentifier resolved)
    {
        if (value.Length > MaxCachedLength || name.Length > MaxCachedLength) return;
        Volatile.Write(ref _slots[SlotOf(owner, name, value)], new Entry(owner, name, value, resolved));
    }

    private int SlotOf(object owner, string name, string value)
    {
        // String hashes are seeded per process: a sender cannot aim its values at one slot.
        var hash = HashCode.Combine(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(owner), name, value);
        return hash & (_slots.Length - 1);
    }

    private sealed record Entry(object Owner, string Name, string Value, ResolvedIdentifier Resolved);
}
