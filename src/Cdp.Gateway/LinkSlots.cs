namespace Cdp.Gateway;

/// <summary>
/// Where recently asked identifiers lead: a fixed number of slots. An answer may be out of date: the customer then says
/// so. Thread-safe without locks: a slot is one reference to an immutable entry.
/// </summary>
internal sealed class LinkSlots(int capacity = 131_072)
{
    private readonly Entry?[] _slots = new Entry?[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity)];

    /// <summary>Key of the customer grain that a link led to last; null when not known.</summary>
    public string? Find(string tenant, string key)
    {
        var entry = Volatile.Read(ref Slot(tenant, key));
        return entry is not null && entry.Key == key && entry.Tenant == tenant ? entry.Customer : null;
    }

    /// <summary>Remembers where a link leads.</summary>
    public void Set(string tenant, string key, string customer) => Volatile.Write(ref Slot(tenant, key), new Entry(tenant, key, customer));

    /// <summary>Forgets a link.</summary>
    public void Forget(string tenant, string key) => Volatile.Write(ref Slot(tenant, key), null);

    private ref Entry? Slot(string tenant, string key) => ref _slots[HashCode.Combine(tenant, key) & (_slots.Length - 1)];

    private sealed record Entry(string Tenant, string Key, string Customer);
}
