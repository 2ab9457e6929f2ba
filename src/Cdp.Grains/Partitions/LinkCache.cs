using Cdp.Domain.Identity;

namespace Cdp.Grains.Partitions;

/// <summary>Where a link leads.</summary>
/// <param name="Customer">The customer; empty: nobody that is known.</param>
/// <param name="Forwarded">
/// Whether the link names another one, who gave itself up to this customer. That merge may have stopped half way, and a link that
/// names its customer says that it did not.
/// </param>
internal readonly record struct LinkLead(string Customer, bool Forwarded)
{
    /// <summary>Of a link that nothing is known of.</summary>
    public static readonly LinkLead Nowhere = new(string.Empty, Forwarded: false);
}

/// <summary>
/// Where the links used last lead. A link and a customer are 128 bits each, both being hashes: what is remembered of
/// millions is a few large arrays, in which the garbage collector has nothing to follow.
/// </summary>
/// <param name="capacity">Links of one generation, of which there are two; about 55 bytes each.</param>
internal sealed class LinkCache(int capacity)
{
    private const int CachedForwards = 16_384;

    /// <summary>About what one link takes, in bytes, in both generations together.</summary>
    public const int BytesPerLink = 110;

    private readonly GenerationCache<UInt128, UInt128> _customers = new(capacity);
    private readonly GenerationCache<UInt128, UInt128> _forwards = new(CachedForwards);
    private UInt128 _lastBits;
    private string _last = string.Empty;

    /// <summary>Where a link leads; null when not cached.</summary>
    public LinkLead? Find(LinkKey link)
    {
        if (!TryPack(link, out var key) || !_customers.TryFind(key, out var bits)) return null;
        var forwarded = Follow(ref bits);

        // The identifiers of one event mostly lead to one customer.
        if (bits != _lastBits || _last.Length == 0) (_lastBits, _last) = (bits, CustomerIds.Unpack(bits));
        return new LinkLead(_last, forwarded);
    }

    /// <summary>Where a link leads that names a customer.</summary>
    public LinkLead Follow(string customer) =>
        CustomerIds.TryPack(customer, out var bits) && Follow(ref bits) ? new LinkLead(CustomerIds.Unpack(bits), Forwarded: true) : new LinkLead(customer, Forwarded: false);

    /// <summary>Remembers a customer. What is no hash is not remembered.</summary>
    public void Set(LinkKey link, string customer)
    {
        if (TryPack(link, out var key) && CustomerIds.TryPack(customer, out var bits)) _customers.Set(key, bits);
    }

    /// <summary>Remembers that a customer gave itself up to another. That is for ever.</summary>
    public void Forward(string loser, string winner)
    {
        if (CustomerIds.TryPack(loser, out var from) && CustomerIds.TryPack(winner, out var to)) _forwards.Set(from, to);
    }

    private bool Follow(ref UInt128 customer)
    {
        var forwarded = false;
        while (_forwards.TryFind(customer, out var winner)) (customer, forwarded) = (winner, true);
        return forwarded;
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
