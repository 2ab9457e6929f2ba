using System.Diagnostics.CodeAnalysis;

namespace Cdp.Grains.Partitions;

/// <summary>
/// A bounded map in two generations: what was not used during the last <c>capacity</c> insertions falls out.
/// </summary>
internal sealed class GenerationCache<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private Dictionary<TKey, TValue> _young = [];
    private Dictionary<TKey, TValue> _old = [];

    /// <summary>Finds what is remembered of a key.</summary>
    public bool TryFind(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_young.TryGetValue(key, out value)) return true;
        if (!_old.Remove(key, out value)) return false;
        Set(key, value);
        return true;
    }

    /// <summary>Remembers a value, in place of what was there.</summary>
    public void Set(TKey key, TValue value)
    {
        if (_young.Count >= capacity)
        {
            (_old, _young) = (_young, _old);
            _young.Clear();
        }

        _young[key] = value;
    }
}
