using System.Globalization;
using Cdp.Grains.Decisions;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Partitions;

/// <summary>
/// Tells models what outcomes teach: one outstanding call per model, everything that waits for a model in its next one. A
/// model keeps one mark for this partition, so its effects go in the order of their positions, and only when all up to
/// there are applied. What no model confirmed yet, the partition remembers with its position.
/// </summary>
internal sealed class Learning(IGrainContext context, HandOvers handOvers, IStepObserver steps, int partition, Learning.IListener listener)
{
    private readonly Dictionary<string, ModelQueue> _queues = new(StringComparer.Ordinal);
    private readonly List<(long End, TaskCompletionSource Settled)> _waiters = [];
    private long _applied;

    /// <summary>Hears how it goes.</summary>
    internal interface IListener
    {
        /// <summary>Some effects are learned.</summary>
        void Settled();

        /// <summary>Effects cannot be handed on: whoever comes next has to begin again.</summary>
        Task FailAsync(Exception error);
    }

    /// <summary>Effects that no model confirmed.</summary>
    public int Count { get; private set; }

    /// <summary>Those of positions before one, and whose they are.</summary>
    public IEnumerable<UnlearnedEffect> Unlearned(long end) => _queues.Values.SelectMany(
        queue => queue.Waiting.Where(effect => effect.Position < end).Select(effect => new UnlearnedEffect { Tenant = queue.Tenant, Effect = effect }));

    /// <summary>Queues an effect; it is sent once all that stands before it is applied.</summary>
    public void Add(string tenant, EvidenceDelta effect)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{tenant}/{effect.Placement}");
        if (!_queues.TryGetValue(key, out var queue)) _queues[key] = queue = new ModelQueue(tenant, key);
        queue.Waiting.Add(effect);
        Count++;
    }

    /// <summary>Everything before a position is applied, and its effects were added.</summary>
    public void Applied(long position, CancellationToken cancellationToken)
    {
        _applied = position;
        if (Count == 0) return;
        foreach (var queue in _queues.Values.ToList())
        {
            if (!queue.Sending) _ = SendAsync(queue, cancellationToken);
        }
    }

    /// <summary>Returns when all effects of what is applied are learned.</summary>
    public async ValueTask SettledAsync(CancellationToken cancellationToken)
    {
        if (!IsWaitingBefore(_applied)) return;
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters.Add((_applied, waiter));
        await waiter.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Ends what waits: this partition will not know.</summary>
    public void Fail(Exception error)
    {
        foreach (var (_, waiter) in _waiters) waiter.TrySetException(error);
        _waiters.Clear();
    }

    private async Task SendAsync(ModelQueue queue, CancellationToken cancellationToken)
    {
        queue.Sending = true;
        try
        {
            while (true)
            {
                var slice = new ModelSlice { Partition = partition, To = _applied };
                slice.Deltas.AddRange(queue.Waiting.Where(effect => effect.Position < slice.To).OrderBy(effect => effect.Position));
                if (slice.Deltas.Count == 0) break;
                var request = new LearnRequest { Slice = slice };
                steps.Reached(RecoverySteps.ModelTeaching);
                await handOvers.CallAsync(() => context.Grains.Get<IModel>(queue.Key).Learn(request, cancellationToken), cancellationToken);
                steps.Reached(RecoverySteps.ModelTaught);
                Count -= queue.Waiting.RemoveAll(effect => effect.Position < slice.To);
                Settle();
            }
        }
        catch (Exception e)
        {
            await listener.FailAsync(e);
            return;
        }

        queue.Sending = false;
        if (queue.Waiting.Count == 0) _queues.Remove(queue.Key);
    }

    private void Settle()
    {
        listener.Settled();
        foreach (var (_, waiter) in _waiters.FindAll(w => !IsWaitingBefore(w.End))) waiter.TrySetResult();
        _waiters.RemoveAll(w => w.Settled.Task.IsCompleted);
    }

    private bool IsWaitingBefore(long end) => _queues.Values.Any(queue => queue.Waiting.Exists(effect => effect.Position < end));

    /// <summary>What waits for one model, or is in the call under way.</summary>
    private sealed class ModelQueue(string tenant, string key)
    {
        public string Tenant { get; } = tenant;

        public string Key { get; } = key;

        public bool Sending { get; set; }

        public List<EvidenceDelta> Waiting { get; } = [];
    }
}
