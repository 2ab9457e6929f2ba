namespace Cdp.Storage.Sqlite.State;

/// <summary>Keys that are listed in order, and where the database and a memtable have them.</summary>
internal abstract record KeyRange
{
    /// <summary>With what they begin.</summary>
    public virtual string Prefix => string.Empty;

    /// <summary>Keys of the database after one, which is not before <see cref="Prefix"/>, in order.</summary>
    public abstract List<string> Read(StateReader reader, string after, int size);

    /// <summary>Collects what happened to keys in a memtable.</summary>
    /// <param name="table">The memtable.</param>
    /// <param name="after">Key before the range.</param>
    /// <param name="through">Last key of the range; null: to the end.</param>
    /// <param name="enough">Changes that are enough, at least 1.</param>
    /// <param name="changes">Receives the keys, and whether they are present.</param>
    /// <returns>The last key of the range; when there was more than enough, the last one collected.</returns>
    public abstract string? Collect(Memtable table, string after, string? through, int enough, SortedDictionary<string, bool> changes);

    /// <summary>Of keys in order those that begin as they are to.</summary>
    protected List<string> WithPrefix(List<string> keys)
    {
        var end = keys.FindIndex(key => !key.StartsWith(Prefix, StringComparison.Ordinal));
        if (end >= 0) keys.RemoveRange(end, keys.Count - end);
        return keys;
    }

    /// <summary>Collects from keys without order: the first ones are kept in a heap.</summary>
    protected static string? Collect(IEnumerable<(string Key, bool Present)> unordered, string after, string? through, int enough, SortedDictionary<string, bool> changes)
    {
        var order = Utf8Order.Instance;
        var last = new PriorityQueue<bool, string>(Comparer<string>.Create((a, b) => order.Compare(b, a)));
        var cut = false;
        foreach (var (key, present) in unordered)
        {
            if (order.Compare(key, after) <= 0 || (through is not null && order.Compare(key, through) > 0)) continue;
            if (last.Count < enough) last.Enqueue(present, key);
            else
            {
                cut = true;
                last.EnqueueDequeue(present, key);
            }
        }

        if (cut && last.TryPeek(out _, out var furthest)) through = furthest;
        while (last.TryDequeue(out var present, out var key)) changes[key] = present;
        return through;
    }
}

/// <summary>Keys of the states of a kind that begin alike.</summary>
internal sealed record StateKeys(string Kind, string Beginning) : KeyRange
{
    public override string Prefix => Beginning;

    public override List<string> Read(StateReader reader, string after, int size) => WithPrefix(reader.Keys(Kind, after, size));

    public override string? Collect(Memtable table, string after, string? through, int enough, SortedDictionary<string, bool> changes) =>
        table.States.TryGetValue(Kind, out var states)
            ? Collect(states.Where(s => s.Key.StartsWith(Prefix, StringComparison.Ordinal)).Select(s => (s.Key, s.Value.Tag != 0)), after, through, enough, changes)
            : through;
}

/// <summary>Keys of histories that begin alike.</summary>
internal sealed record HistoryKeys(string Beginning) : KeyRange
{
    public override string Prefix => Beginning;

    public override List<string> Read(StateReader reader, string after, int size) => WithPrefix(reader.HistoryKeys(after, size));

    public override string? Collect(Memtable table, string after, string? through, int enough, SortedDictionary<string, bool> changes) => Collect(
        table.Histories.Where(h => h.Key.StartsWith(Prefix, StringComparison.Ordinal)).Select(h => (h.Key, h.Value.End > 0)), after, through, enough, changes);
}

/// <summary>Customer ids of a tenant.</summary>
internal sealed record CustomerKeys(string Tenant) : KeyRange
{
    public override List<string> Read(StateReader reader, string after, int size) => reader.Customers(Tenant, after, size);

    public override string? Collect(Memtable table, string after, string? through, int enough, SortedDictionary<string, bool> changes)
    {
        if (!table.Customers.TryGetValue(Tenant, out var customers)) return through;
        var upper = through is null ? customers.Max : new CustomerChange(through, Added: true);
        if (Utf8Order.Instance.Compare(after, upper.Customer) >= 0) return through;
        var last = after;
        foreach (var (customer, added) in customers.GetViewBetween(new CustomerChange(after, Added: true), upper))
        {
            if (customer == after) continue;
            if (enough-- == 0) return last;
            changes[last = customer] = added;
        }

        return through;
    }
}
