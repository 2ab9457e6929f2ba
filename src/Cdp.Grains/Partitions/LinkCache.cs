using Cdp.Domain.Identity;

namespace Cdp.Grains.Partitions;

/// <summary>
/// Where the links used last lead. A link and a customer are 128 bits each, both being hashes: what is remembered of
/// millions is a few large arrays, in which the garbage collector has nothing to follow.
/// </summary>
/// <param name="capacity">Links of one generation, of which there are two; about 55 bytes each.</param>
internal sealed class LinkCache(int capacity)
{
    /// <summary>About what one link takes, in bytes, in both generations together.</summary>
    public const int BytesPerLink = 110;

    private readonly GenerationCache<UInt128, UInt128> _customers = new(capacity);
    private UInt128 _lastBits;
    private string _last = string.Empty;

    /// <summary>The customer, or null when not cached.</summary>
    public string? Find(LinkKey link)
    {
        if (!TryPack(link, out var key) || !_customers.TryFind(key, out var bits)) return null;

        // The identifiers of one event mostly lead to one customer.
        if (bits != _lastBits || _last.Length == 0) (_lastBits, _last) = (bits, CustomerIds.Unpack(bits));
        return _last;
    }

    /// <summary>Remembers a customer. What is no hash is not remembered.</summary>
    public void Set(LinkKey link, string customer)
    {
        if (TryPack(link, out var key) && CustomerIds.TryPack(customer, out var bits)) _customers.Set(key, bits);
    }

    /// <summary>
    /// A key ends with the keyed hash of its namespace and value, under the tenant's own key. What stands before, and
    /// could differ for the same hash, is mixed in.
    /// </summary>
    private static bool TryPack(LinkKey link, out UInt128 packed)
    {
        if (!IdentifierKeys.TryHashOf(link.Key, out packed)) return false;
        var before = link.Key.AsSpan(0, link.Key.Length - IdentifierKeys.HashCharacters);
        packed ^= (uint)HashCode.Combine(string.GetHashCode(link.Tenant, StringComparison.Ordinal), string.GetHashCode(before, StringComparison.Ordinal));
        return true;
    }
}
