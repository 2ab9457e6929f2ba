using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Engine;

/// <summary>Deactivates what is idle, and the least recently used when there are too many or memory presses.</summary>
internal sealed class Collector : IThreadPoolWorkItem
{
    /// <summary>Idle activations of one kind that one sweep ends: work of a millisecond or two. The next tick brings the next sweep.</summary>
    private const int MaxIdlePerSweep = 512;

    private readonly GrainEngine _engine;
    private readonly Lock _gate = new();
    private readonly long _maxBytes;
    private int _awake;
    private int _fullCollections = -1;

    internal Collector(GrainEngine engine)
    {
        _engine = engine;
        _maxBytes = engine.Options.MaxMemoryBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
    }

    private int Resident
    {
        get
        {
            var sum = 0;
            foreach (var kind in _engine.Kinds)
                sum += kind.Lru.Count;
            return sum;
        }
    }

    /// <summary>Wakes the collector if there are too many activations.</summary>
    internal void NoteCreated()
    {
        if (Resident > _engine.Options.MaxActivations && Interlocked.Exchange(ref _awake, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        Volatile.Write(ref _awake, 0);
        // A little below the ceiling, so that not every new activation wakes the collector.
        var max = _engine.Options.MaxActivations;
        TrimTo(max - (max / 64));
    }

    /// <summary>Ends some of those that are idle. False if there may be more.</summary>
    internal bool SweepIdle()
    {
        var all = true;
        foreach (var kind in _engine.Kinds)
            all &= SweepIdle(kind);
        return all;
    }

    /// <summary>Looks at the ceiling and at memory.</summary>
    internal void Trim()
    {
        TrimTo(_engine.Options.MaxActivations);
        if (MemoryPresses())
            TrimTo(Resident - Math.Max(1, Resident / 8));
    }

    private bool SweepIdle(GrainKind kind)
    {
        var now = _engine.Now;
        for (var i = 0; i < MaxIdlePerSweep; i++)
        {
            if (kind.Lru.Oldest(now - kind.IdleSeconds) is not { } idle) return true;
            End(idle, DeactivationReason.Idle, now);
        }

        return false;
    }

    private void TrimTo(int target)
    {
        lock (_gate)
        {
            // Each activation is looked at once: those in use are spared, and may all be in use.
            var now = _engine.Now;
            for (var looks = Resident; looks > 0 && Resident > target; looks--)
            {
                if (Oldest(now) is { } victim)
                    End(victim, DeactivationReason.Memory, now);
            }
        }
    }

    /// <summary>
    /// The activation that has been idle longest for its kind: one of a kind that ends after a minute goes before one that
    /// has been idle as long and may be so for ten.
    /// </summary>
    private Activation? Oldest(int now)
    {
        Activation? oldest = null;
        var most = double.MinValue;
        foreach (var kind in _engine.Kinds)
        {
            if (kind.Lru.Oldest(int.MaxValue) is not { } candidate) continue;
            var idle = (double)(now - candidate.Lru.LastUsed) / kind.IdleSeconds;
            if (idle > most) (oldest, most) = (candidate, idle);
        }

        return oldest;
    }

    private static void End(Activation activation, DeactivationReason reason, int now)
    {
        if (!activation.TryDeactivate(reason))
            activation.GrainKind.Lru.Spare(activation, now);
    }

    private bool MemoryPresses()
    {
        if (_engine.Options.ReadMemoryBytes is { } read)
            return read() > _maxBytes;
        // The heap does not shrink before the next full collection: until then one reading asks only once.
        var collections = GC.CollectionCount(GC.MaxGeneration);
        if (collections == _fullCollections || GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes <= _maxBytes)
            return false;
        _fullCollections = collections;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Optimized, blocking: false);
        return true;
    }
}
