namespace Cdp.Storage.Sqlite.State;

/// <summary>A history's number and how many entries it has.</summary>
internal readonly record struct HistoryHead(long Id, long Length);

/// <summary>
/// The heads of histories used last, as the only writer knows them. Two generations: what was not used while one filled
/// up is forgotten with the next.
/// </summary>
internal sealed class HistoryHeads(int capacity)
{
    private Dictionary<string, HistoryHead> _young = [];
    private Dictionary<string, HistoryHead> _old = [];

    public bool TryGet(string key, out HistoryHead head) => _young.TryGetValue(key, out head) || _old.TryGetValue(key, out head);

    public void Set(string key, HistoryHead head)
    {
        if (_young.Count >= Math.Max(1, capacity / 2) && !_young.ContainsKey(key))
        {
            (_young, _old) = (_old, _young);
            _young.Clear();
        }

        _young[key] = head;
    }

    public void Forget(string key)
    {
        _young.Remove(key);
        _old.Remove(key);
    }

    public void Clear()
    {
        _young.Clear();
        _old.Clear();
    }
}
