namespace Cdp.Grains.Partitions;

/// <summary>
/// A bounded map from identifier keys to customers in two generations: what was not used during the last
/// <c>capacity</c> insertions falls out.
/// </summary>
internal sealed class LinkCache(int capacity)
{
    private Dictionary<string, string> _young = new(StringComparer.Ordinal);
    private Dictionary<string, string> _old = new(StringComparer.Ordinal);

    /// <summary>The customer, or null when not cached.</summary>
    public string? Find(string key)
    {
        if (_young.TryGetValue(key, out var customer)) return customer;
        if (!_old.Remove(key, out customer)) return null;
        Set(key, customer);
        return customer;
    }

    /// <summary>Remembers a customer.</summary>
    public void Set(string key, string customer)
    {
        if (_young.Count >= capacity)
        {
            _old = _young;
            _young = new Dictionary<string, string>(StringComparer.Ordinal);
        }

        _young[key] = customer;
    }
}
