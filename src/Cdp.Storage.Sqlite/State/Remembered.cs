namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// What one thread learnt of the keys it used last. Two generations: what was not used while one filled up is forgotten
/// with the next, and only when <see cref="Trim"/> is called.
/// </summary>
internal sealed class Remembered<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private Dictionary<TKey, TValue> _young = [];
    private Dictionary<TKey, TValue> _old = [];

    public bool TryGet(TKey key, out TValue value) => _young.TryGetValue(key, out value!) || _old.TryGetValue(key, out value!);

    public void Set(TKey key, TValue value) => _young[key] = value;

    public void Forget(TKey key)
    {
        _young.Remove(key);
        _old.Remove(key);
    }

    /// <summary>Forgets what is beyond the capacity.</summary>
    /// <returns>Whether a generation ended: what was set in the one before it is forgotten.</returns>
    public bool Trim()
    {
        if (_young.Count < Math.Max(1, capacity / 2)) return false;
        (_young, _old) = (_old, _young);
        _young.Clear();
        return true;
    }
}
