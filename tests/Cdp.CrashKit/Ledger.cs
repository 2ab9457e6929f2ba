namespace Cdp.CrashKit;

/// <summary>
/// What was sent and what was acknowledged, in the memory of a process that nobody kills. Safe for several senders.
/// </summary>
public sealed class Ledger
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _acknowledged = new(StringComparer.Ordinal);
    private readonly List<MadeEvent> _durable = [];
    private readonly Queue<MadeEvent> _open = new();
    private readonly Dictionary<string, HashSet<string>> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _tokens = [];
    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);

    /// <summary>Acknowledged events, each counted once.</summary>
    public int Acknowledged
    {
        get
        {
            lock (_lock) return _durable.Count;
        }
    }

    /// <summary>Number of batches that were acknowledged.</summary>
    public int Acknowledgements { get; private set; }

    /// <summary>Number of batches that were sent and not acknowledged.</summary>
    public int Unacknowledged { get; private set; }

    /// <summary>Every event that is acknowledged.</summary>
    public IReadOnlyList<MadeEvent> Events
    {
        get
        {
            lock (_lock) return [.. _durable];
        }
    }

    /// <summary>Takes an event that was sent without an acknowledgement and has to be sent again; null: there is none.</summary>
    public MadeEvent? TakeOpen()
    {
        lock (_lock) return _open.TryDequeue(out var open) ? open : null;
    }

    /// <summary>An event that was acknowledged, to be sent once more; null: there is none yet.</summary>
    public MadeEvent? AnyAcknowledged(int number)
    {
        lock (_lock) return _durable.Count == 0 ? null : _durable[number % _durable.Count];
    }

    /// <summary>A batch is durable, says the server.</summary>
    public void Acknowledge(IEnumerable<MadeEvent> batch, string token)
    {
        lock (_lock)
        {
            Acknowledgements++;
            _tokens.Add(token);
            foreach (var made in batch)
            {
                if (_acknowledged.Add(made.Event.Id)) _durable.Add(made);
                foreach (var node in made.Nodes) _touched.Add(node);
            }
        }
    }

    /// <summary>Nobody knows what became of a batch.</summary>
    public void Lose(IEnumerable<MadeEvent> batch)
    {
        lock (_lock)
        {
            Unacknowledged++;
            foreach (var made in batch)
            {
                if (!_acknowledged.Contains(made.Event.Id)) _open.Enqueue(made);
            }
        }
    }

    /// <summary>A read said which customer an identifier belongs to. That id has to lead to its customer for ever.</summary>
    public void Saw(string node, string customer)
    {
        lock (_lock)
        {
            if (!_ids.TryGetValue(node, out var ids)) _ids[node] = ids = new HashSet<string>(StringComparer.Ordinal);
            ids.Add(customer);
        }
    }

    /// <summary>Every customer id that was seen for any of the nodes.</summary>
    public IReadOnlyList<string> Seen(IEnumerable<string> nodes)
    {
        lock (_lock) return [.. nodes.SelectMany(n => _ids.GetValueOrDefault(n, [])).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Forgets the tokens and the ids that a server gave: another one takes its place, which has a part of its data.</summary>
    public void ForgetPromises()
    {
        lock (_lock)
        {
            _tokens.Clear();
            _ids.Clear();
        }
    }

    /// <summary>Takes the tokens of the acknowledgements since the last time.</summary>
    public IReadOnlyList<string> TakeTokens()
    {
        lock (_lock)
        {
            string[] tokens = [.. _tokens];
            _tokens.Clear();
            return tokens;
        }
    }

    /// <summary>Takes the nodes that were touched since the last time.</summary>
    public IReadOnlySet<string> TakeTouched()
    {
        lock (_lock)
        {
            var touched = _touched.ToHashSet(StringComparer.Ordinal);
            _touched.Clear();
            return touched;
        }
    }
}
