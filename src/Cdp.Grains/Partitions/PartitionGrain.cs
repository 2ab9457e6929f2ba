using System.Collections.Concurrent;
using System.Globalization;
using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cdp.Grains.Partitions;

/// <summary>The ports a partition stands on.</summary>
public sealed record PartitionPorts(
    IEventLog Log, IStateStore States, IHistory History, IDefinitions Definitions, IPartitionProgress Progress, IStepObserver Steps, GrainMetrics Metrics)
{
    /// <summary>Links that each partition remembers at least, where that many are used.</summary>
    public int CachedLinks { get; init; } = 65_536;

    /// <summary>
    /// Held while one event is handed over alone, by all partitions of the process: if the process dies meanwhile, only
    /// that event is suspected.
    /// </summary>
    public SemaphoreSlim Isolation { get; } = new(1);

    /// <summary>
    /// By partition, the last work that this process began and saw another activation overtake. It lived on, so that this was
    /// no attempt that killed a process.
    /// </summary>
    public ConcurrentDictionary<int, OvertakenWork> Overtaken { get; } = new();
}

/// <summary>Work that was begun and overtaken.</summary>
/// <param name="Committed">The position from which on it was begun.</param>
/// <param name="Isolated">The event that was handed over alone.</param>
public readonly record struct OvertakenWork(long Committed, long Isolated);

/// <summary>Applies one partition of the log, in order: resolves, hands over, commits.</summary>
public sealed partial class PartitionGrain : IPartition, IGrainLifecycle, HandOvers.IListener, Memberships.IListener, Learning.IListener, IDisposable
{
    /// <summary>Kind of the state that holds positions.</summary>
    public const string StateKind = "partition";

    /// <summary>Kind of the states that hold dead letters; key <c>tenant/partition/position</c>.</summary>
    public const string DeadLetterKind = "dead-letter";

    /// <summary>With what the keys of all lists of a tenant's dead letters begin, among the histories.</summary>
    public static string DeadLetterLists(string tenant) => DeadLetters.ListPrefix(tenant);

    /// <summary>Batches in flight at most.</summary>
    public const int Window = 16;

    // Shards and models hold nothing back, but what they have not heard is remembered with every commit.
    private const int MostUnmirrored = 4096;
    private const int MostUnlearned = 4096;

    private readonly IGrainContext _context;
    private readonly PartitionPorts _ports;
    private readonly int _number;
    private readonly LinkResolver _resolver;
    private readonly HandOvers _handOvers;
    private readonly Memberships _memberships;
    private readonly Learning _learning;
    private readonly SchemaBreaches _breaches;
    private readonly Queue<Batch> _batches = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiters = new();
    private readonly CancellationTokenSource _stop = new();

    private PartitionState _state = new();
    private string? _tag;
    private long _next;
    private long _applied;
    private long _deadLetters;
    private bool _committing;
    private TaskCompletionSource? _room;
    private Task _commit = Task.CompletedTask;
    private Task _stateWrite = Task.CompletedTask;

    /// <summary>Makes the grain for one activation.</summary>
    public PartitionGrain(IGrainContext context, PartitionPorts ports)
    {
        _context = context;
        _ports = ports;
        _number = int.Parse(context.Key, NumberStyles.None, CultureInfo.InvariantCulture);
        _handOvers = new HandOvers(context, ports.Metrics, this);
        _memberships = new Memberships(context, _handOvers, ports.Steps, this);
        _learning = new Learning(context, _handOvers, ports.Steps, _number, this);
        _breaches = new SchemaBreaches(ports.States, ports.Definitions, _number);
        _resolver = new LinkResolver(context.Grains, ports.States, ports.Definitions, _handOvers, ports.CachedLinks);
    }

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        var row = await _ports.States.ReadAsync(StateKind, _context.Key, cancellationToken);
        _tag = row.Tag;
        _state = row.Exists ? PartitionState.Parser.ParseFrom(row.Value.Span) : new PartitionState { Isolated = -1 };
        _next = _applied = _state.Committed;
        _deadLetters = _state.DeadLetters;
        _ports.Progress.Applied(_number, _applied);
        foreach (var customer in _state.Unmirrored)
        {
            if (!await IsDeletedAsync(GrainCatalog.PartsOf(customer).Tenant, cancellationToken)) _memberships.Ask(customer, _stop.Token);
        }

        foreach (var unlearned in _state.Unlearned)
        {
            if (!await IsDeletedAsync(unlearned.Tenant, cancellationToken)) _learning.Add(unlearned.Tenant, unlearned.Effect);
        }

        _learning.Applied(_applied, _stop.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        try
        {
            // What is under way finishes; what does not is delivered again by the next activation.
            while ((_batches.Count > 0 || _memberships.Count > 0 || _learning.Count > 0) && !cancellationToken.IsCancellationRequested)
            {
                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await _room.Task.WaitAsync(cancellationToken);
            }

            await _commit;
        }
        finally
        {
            // Also when nobody waits any longer: what is tried until it succeeds would be tried for ever.
            await _stop.CancelAsync();
            FailWaiters();
        }

        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    /// <inheritdoc/>
    public ValueTask<OpenReply> Open(OpenRequest request, CancellationToken cancellationToken) =>
        new(new OpenReply { NextPosition = _next });

    /// <inheritdoc/>
    public async ValueTask<DeliverReply> Deliver(DeliverRequest request, CancellationToken cancellationToken)
    {
        if (request.FirstPosition != _next || request.Entries.Count == 0) return new DeliverReply { NextPosition = _next };
        try
        {
            await BeginAsync(cancellationToken);
            var entries = await WithoutDeletedAsync(request.Entries, cancellationToken);
            if (_next < _state.IsolateUntil)
            {
                foreach (var entry in entries.TakeWhile(e => e.Position < _state.IsolateUntil)) await IsolateAsync(entry, cancellationToken);
                return new DeliverReply { NextPosition = _next };
            }

            while (_batches.Count >= Window || _memberships.Count >= MostUnmirrored || _learning.Count >= MostUnlearned) await RoomAsync(cancellationToken);
            await TakeAsync(entries);
            return new DeliverReply { NextPosition = _next };
        }
        catch (Exception e) when (e is not OperationCanceledException && !_stop.IsCancellationRequested)
        {
            // A batch that was begun and cannot end would hold everything behind it up for ever.
            await FailAsync(e);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<WaitAppliedReply> WaitApplied(WaitAppliedRequest request, CancellationToken cancellationToken)
    {
        if (_applied < request.Position)
        {
            if (_stop.IsCancellationRequested) throw new OwnershipLostException(_context.Key);
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Enqueue(waiter, request.Position);
            await waiter.Task.WaitAsync(cancellationToken);
        }

        if (request.Mirrored)
        {
            await _memberships.SettledAsync(cancellationToken);
            await _learning.SettledAsync(cancellationToken);
        }

        return new WaitAppliedReply { Applied = _applied };
    }

    /// <inheritdoc/>
    public async ValueTask<GetPartitionStatusReply> GetStatus(GetPartitionStatusRequest request, CancellationToken cancellationToken)
    {
        var reply = new GetPartitionStatusReply { Applied = _applied, Committed = _state.Committed, DeadLetters = _deadLetters };
        if (request.WithOldest) reply.OldestReceivedAt = await EventSearch.ReceivedAtAsync(_ports.Log, _number, reply.Applied, cancellationToken);
        return reply;
    }

    void HandOvers.IListener.Done(Batch batch) => Done(batch);

    void HandOvers.IListener.Applied(LogEntry entry, string customer, Batch batch)
    {
        Watch(entry, customer, string.Empty);
        Done(batch);
    }

    void HandOvers.IListener.Stated(string tenant, string customer, MembershipStatement statement) =>
        _memberships.Add($"{tenant}/{customer}", statement, _stop.Token);

    void HandOvers.IListener.Taught(string tenant, EvidenceDelta effect) => _learning.Add(tenant, effect);

    void Memberships.IListener.Settled() => SignalRoom();

    void Learning.IListener.Settled() => SignalRoom();

    Task Learning.IListener.FailAsync(Exception error) => EndAsync(error);

    Task Memberships.IListener.FailAsync(Exception error) => EndAsync(error);

    void HandOvers.IListener.Moved(string loser, string winner) => _resolver.Moved(loser, winner);

    void HandOvers.IListener.Orphaned(LogEntry entry, Batch batch) => _ = OwnAsync(HandOverAsync(_resolver.ResolveAgainAsync(entry, _stop.Token), batch));

    void HandOvers.IListener.Bury(LogEntry entry, Batch batch, string reason) => _ = OwnAsync(BuryAsync(entry, batch, reason));

    Task HandOvers.IListener.FailAsync(Exception error) => EndAsync(error);

    /// <summary>Events of tenants that were deleted are nobody's, as if they had been erased before.</summary>
    private async ValueTask<IReadOnlyList<LogEntry>> WithoutDeletedAsync(RepeatedField<LogEntry> entries, CancellationToken cancellationToken)
    {
        LogEntry[]? changed = null;
        var (tenant, isDeleted) = (string.Empty, false);
        for (var i = 0; i < entries.Count; i++)
        {
            // Most neighbours are of one tenant.
            var entry = entries[i];
            if (entry.Tenant != tenant) (tenant, isDeleted) = (entry.Tenant, await IsDeletedAsync(entry.Tenant, cancellationToken));
            if (isDeleted) (changed ??= [.. entries])[i] = ErasedEvents.NothingOf(entry);
        }

        return changed is null ? entries : changed;
    }

    private async ValueTask<bool> IsDeletedAsync(string tenant, CancellationToken cancellationToken) =>
        (_ports.Definitions.Find(tenant) ?? await _ports.Definitions.GetAsync(tenant, cancellationToken)) is { IsDeleted: true };

    private Batch Enqueue(long end)
    {
        var batch = new Batch(end);
        _batches.Enqueue(batch);
        _next = end;
        return batch;
    }

    private void Done(Batch batch)
    {
        if (--batch.Outstanding > 0) return;
        while (_batches.TryPeek(out var head) && head.Outstanding == 0)
        {
            _batches.Dequeue();
            _applied = head.End;
            _deadLetters += head.DeadLetters;
        }

        _learning.Applied(_applied, _stop.Token);

        // Admission first: who was told that it is applied may send the next at once.
        _ports.Progress.Applied(_number, _applied);
        while (_waiters.TryPeek(out _, out var position) && position <= _applied) _waiters.Dequeue().SetResult();
        SignalRoom();
        if (!_committing && _state.Committed < _applied) _commit = OwnAsync(CommitAsync());
    }

    private async Task CommitAsync()
    {
        _committing = true;
        try
        {
            while (_state.Committed < _applied)
            {
                _ports.Steps.Reached(RecoverySteps.PositionCommitting);
                var (target, deadLetters) = (_applied, _deadLetters);
                if (!await _handOvers.CallAsync(() => _breaches.CountAsync(target, _stop.Token), _stop.Token)) throw new OwnershipLostException(_context.Key);
                await WriteStateAsync(
                    state =>
                    {
                        state.Committed = target;
                        state.DeadLetters = deadLetters;
                        state.Attempts = 0;
                        state.Unmirrored.Clear();
                        state.Unmirrored.AddRange(_memberships.Customers);
                        state.Unlearned.Clear();
                        state.Unlearned.AddRange(_learning.Unlearned(target));
                    },
                    _stop.Token);
                _ports.Steps.Reached(RecoverySteps.PositionCommitted);
            }
        }
        finally
        {
            _committing = false;
        }
    }

    /// <summary>Changes the state where it is durable first; writers wait for each other.</summary>
    private async ValueTask WriteStateAsync(Action<PartitionState> change, CancellationToken cancellationToken)
    {
        var before = _stateWrite;
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _stateWrite = written.Task;
        await before;
        try
        {
            var state = _state.Clone();
            change(state);
            var bytes = state.ToByteArray();
            var tag = await _handOvers.CallAsync(() => _ports.States.WriteAsync(StateKind, _context.Key, bytes, _tag, cancellationToken), cancellationToken);
            if (tag is null) throw new OwnershipLostException(_context.Key);
            _tag = tag;
            _state = state;
        }
        finally
        {
            written.SetResult();
        }
    }

    private void SignalRoom()
    {
        _room?.TrySetResult();
        _room = null;
    }

    private async ValueTask RoomAsync(CancellationToken cancellationToken)
    {
        if (_stop.IsCancellationRequested) throw new OwnershipLostException(_context.Key);
        _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _room.Task.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Owns work that nobody awaits. What it belongs to is not applied before it ends; if it cannot end, this activation
    /// is dropped and the next one is delivered the batch again.
    /// </summary>
    private async Task OwnAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e)
        {
            await EndAsync(e);
        }
    }

    private Task EndAsync(Exception e) =>
        e is OperationCanceledException && _stop.IsCancellationRequested ? Task.CompletedTask : FailAsync(e);

    private async Task FailAsync(Exception e)
    {
        _ports.Metrics.Failed("partition", e);
        if (_begun && e is OwnershipLostException) _ports.Overtaken[_number] = new OvertakenWork(_state.Committed, _state.Isolated);
        _context.Abandon();
        await _stop.CancelAsync();
        FailWaiters();
        _memberships.Fail(new OwnershipLostException(_context.Key));
        _learning.Fail(new OwnershipLostException(_context.Key));
        _room?.TrySetException(new OwnershipLostException(_context.Key));
    }

    private void FailWaiters()
    {
        while (_waiters.TryDequeue(out var waiter, out _)) waiter.TrySetException(new OwnershipLostException(_context.Key));
    }
}
