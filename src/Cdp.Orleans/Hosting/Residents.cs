using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using PlainType = Cdp.Grains.Ports.GrainType;

namespace Cdp.Orleans.Hosting;

/// <summary>
/// The activations of a silo: ends those that are idle, keeps their number below the ceiling, and ends all of them in order
/// when the silo stops.
/// </summary>
/// <remarks>
/// Orleans' own collector knows neither a ceiling nor the clock of the grains; it ends more of them when memory presses.
/// </remarks>
internal sealed class Residents : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly GrainHosting _hosting;
    private readonly ConcurrentDictionary<IResident, bool> _all = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<IResident, Task> _ending = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<PlainType, Idling> _idling;
    private readonly Dictionary<PlainType, StrongBox<int>> _live;
    private readonly Lock _gate = new();
    private readonly ITimer _ticker;
    private int _collectable;
    private int _sweeping;

    /// <summary>Begins to look after activations.</summary>
    public Residents(GrainHosting hosting)
    {
        _hosting = hosting;
        _idling = hosting.Types.Where(type => type.Collectable).ToDictionary(
            type => type, type => new Idling((long)((type.IdleAfter ?? hosting.Options.IdleAfter).TotalSeconds * hosting.Time.TimestampFrequency)));
        _live = hosting.Types.ToDictionary(type => type, _ => new StrongBox<int>());
        _ticker = hosting.Time.CreateTimer(static residents => ((Residents)residents!).Sweep(), this, Tick, Tick);
    }

    /// <summary>An activation began.</summary>
    public void Add(IResident resident)
    {
        if (!_all.TryAdd(resident, true)) return;
        Interlocked.Increment(ref _live[resident.Type].Value);
        if (!_idling.TryGetValue(resident.Type, out var idling)) return;
        idling.Queue.Enqueue((resident, resident.LastUsed));
        if (Interlocked.Increment(ref _collectable) <= _hosting.Options.MaxActivations) return;

        // Off the grain's scheduler, on which it would wait for itself.
        ThreadPool.UnsafeQueueUserWorkItem(static residents => residents.Trim(), this, preferLocal: false);
    }

    /// <summary>An activation ended.</summary>
    public void Remove(IResident resident)
    {
        if (!_all.TryRemove(resident, out _)) return;
        Interlocked.Decrement(ref _live[resident.Type].Value);
        if (resident.Type.Collectable) Interlocked.Decrement(ref _collectable);
    }

    /// <summary>How many there are of each kind.</summary>
    public IEnumerable<(string Kind, int Live)> Count() => _live.Select(kind => (kind.Key.Kind, Volatile.Read(ref kind.Value.Value)));

    /// <summary>Ends what is idle and what exceeds the ceiling now, instead of within a second; returns when the grains have saved.</summary>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        Sweep();
        Trim();
        await Task.WhenAll(_ending.Values).WaitAsync(cancellationToken);
    }

    /// <summary>Ends activations, callers before what they call.</summary>
    /// <param name="all">Of all kinds; else only of those that nobody else calls.</param>
    public async Task DrainAsync(bool all)
    {
        foreach (var type in CallersFirst(_hosting.Types))
        {
            if (!all && _hosting.Types.Any(caller => caller.Calls.Contains(type.Interface))) continue;
            using var expiry = new CancellationTokenSource(_hosting.Options.DrainLimit, _hosting.Time);
            try
            {
                // A call that was sent before the stop may make an activation while others end.
                while (_all.Keys.Where(resident => resident.Type == type).ToList() is { Count: > 0 } some)
                    await Task.WhenAll(some.Select(resident => End(resident, DeactivationReasonCode.ShuttingDown, "The silo stops."))).WaitAsync(expiry.Token);
            }
            catch (OperationCanceledException) when (expiry.IsCancellationRequested)
            {
                // Orleans ends what is left, in no order.
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _ticker.Dispose();

    /// <summary>Kinds in an order in which every caller comes before what it calls.</summary>
    private static IEnumerable<PlainType> CallersFirst(IReadOnlyList<PlainType> types)
    {
        var left = types.ToList();
        while (left.Count > 0)
        {
            var next = left.Find(type => !left.Exists(caller => caller.Calls.Contains(type.Interface)))
                ?? throw new InvalidOperationException($"Calls go one way, but the kinds {string.Join(", ", left.Select(type => type.Kind))} call in a circle.");
            left.Remove(next);
            yield return next;
        }
    }

    /// <summary>Ends what is idle. Each kind has its activations in the order in which they were looked at last.</summary>
    private void Sweep()
    {
        // A sweep that takes long does the next one's work.
        if (Interlocked.Exchange(ref _sweeping, 1) != 0) return;
        var now = _hosting.Time.GetTimestamp();
        foreach (var idling in _idling.Values)
        {
            while (idling.Queue.TryPeek(out var head) && head.Seen + idling.After <= now && idling.Queue.TryDequeue(out head))
            {
                if (!_all.ContainsKey(head.Resident)) continue;
                if (head.Resident.IsBusy) idling.Queue.Enqueue((head.Resident, now));
                else if (head.Resident.LastUsed + idling.After > now) idling.Queue.Enqueue((head.Resident, head.Resident.LastUsed));
                else _ = End(head.Resident, DeactivationReasonCode.ActivationIdle, "No call came for a while.");
            }
        }

        Volatile.Write(ref _sweeping, 0);
    }

    /// <summary>
    /// Ends those that have been idle longest for their kind, a little more than needed, so that not every new activation
    /// looks for one.
    /// </summary>
    private void Trim()
    {
        lock (_gate)
        {
            var surplus = Volatile.Read(ref _collectable) - _ending.Count - _hosting.Options.MaxActivations;
            if (surplus <= 0) return;
            var now = _hosting.Time.GetTimestamp();
            var idlest = _all.Keys.Where(resident => resident.Type.Collectable && !resident.IsBusy && !_ending.ContainsKey(resident))
                .OrderByDescending(resident => (double)(now - resident.LastUsed) / _idling[resident.Type].After)
                .Take(surplus + (_hosting.Options.MaxActivations / 64));
            foreach (var resident in idlest) _ = End(resident, DeactivationReasonCode.HighMemoryPressure, "There are too many activations.");
        }
    }

    private Task End(IResident resident, DeactivationReasonCode code, string text)
    {
        var context = resident.GrainContext;
        context.Deactivate(new DeactivationReason(code, text));
        if (_ending.TryAdd(resident, context.Deactivated))
            _ = context.Deactivated.ContinueWith((_, ended) => _ending.TryRemove((IResident)ended!, out var _), resident, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return context.Deactivated;
    }

    /// <summary>The activations of one kind.</summary>
    /// <param name="After">Idle time after which they end, in the clock's timestamps.</param>
    private sealed record Idling(long After)
    {
        public ConcurrentQueue<(IResident Resident, long Seen)> Queue { get; } = new();
    }
}
