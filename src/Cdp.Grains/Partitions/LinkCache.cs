namespace Cdp.Grains.Partitions;

/// <summary>
/// A bounded map from links to customers in two generations: what was not used during the last
/// <c>capacity</c> insertions falls out.
/// </summary>
internal sealed class LinkCache<TKey>(int capacity, IEqualityComparer<TKey>? comparer = null)
    where TKey : notnull
{
    private Dictionary<TKey, string> _young = new(comparer);
    private Dictionary<TKey, string> _old = new(comparer);

    /// <summary>The customer, or null when not cached.</summary>
    public string? Find(TKey key)
    {
        if (_young.TryGetValue(key, out var customer)) return customer;
        if (!_old.Remove(key, out customer)) return null;
        Set(key, customer);
        return customer;
    }

    /// <summary>Remembers a customer.</summary>
    public void Set(TKey key, string customer)
    {
        if (_young.Count >= capacity)
        {
            _old = _young;
            _young = new(comparer);
        }

        _young[key] = customer;
    }
}
