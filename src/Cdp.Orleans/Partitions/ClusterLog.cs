using Cdp.Grains;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Orleans.Partitions;

/// <summary>
/// The log of one silo among others: appends are durable in the store that all share; the silo that has the partition's grain
/// is told that there is more, and reads it there.
/// </summary>
public sealed class ClusterLog : IEventAppender, IPartitionProgress, IPartitionFeed
{
    private readonly IEventLog _log;
    private readonly Notices[] _notices;
    private readonly Backlog[] _backlogs;
    private readonly Bell[] _bells;
    private readonly int[] _readers;
    private readonly long[] _applied;
    private readonly TimeProvider _time;

    /// <summary>Puts the log together.</summary>
    /// <param name="log">The store.</param>
    /// <param name="grains">Orleans' references.</param>
    /// <param name="maxBacklogBytes">Most bytes per tenant and partition that this silo has acknowledged and that are not applied.</param>
    /// <param name="time">The clock.</param>
    public ClusterLog(IEventLog log, IGrainFactory grains, long maxBacklogBytes, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(log);
        _log = log;
        _time = time;
        _backlogs = [.. Enumerable.Range(0, log.Partitions).Select(_ => new Backlog(maxBacklogBytes))];
        _bells = [.. Enumerable.Range(0, log.Partitions).Select(_ => new Bell())];
        _readers = new int[log.Partitions];
        _applied = new long[log.Partitions];
        _notices = [.. Enumerable.Range(0, log.Partitions).Select(p => new Notices(() => grains.GetGrain<IPartitionGrain>(GrainCatalog.PartitionKey(p)), _backlogs[p]))];
    }

    /// <inheritdoc/>
    public int Partitions => _log.Partitions;

    /// <inheritdoc/>
    public string Epoch => _log.Epoch;

    /// <inheritdoc/>
    public TimeSpan Admit(string tenant, int partition) => _backlogs[partition].Admit(tenant);

    /// <inheritdoc/>
    public async ValueTask<long> AppendAsync(int partition, IReadOnlyList<AppendedEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        var records = new LogRecord[events.Count];
        for (var i = 0; i < records.Length; i++) records[i] = events[i].Record;
        cancellationToken.ThrowIfCancellationRequested();
        long first;
        try
        {
            first = await _log.AppendAsync(partition, records, CancellationToken.None);
        }
        catch
        {
            // It may stand in the log nevertheless.
            Notice(partition);
            throw;
        }

        _backlogs[partition].Add(first, records);
        Notice(partition);
        return first;
    }

    /// <inheritdoc/>
    public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken) => _log.EndAsync(partition, cancellationToken);

    /// <inheritdoc/>
    public void Applied(int partition, long position)
    {
        _backlogs[partition].Applied(position);
        Volatile.Write(ref _applied[partition], position);
    }

    /// <summary>A partition's grain began to be on this silo, or ceased to be.</summary>
    /// <param name="partition">Number of the partition.</param>
    /// <param name="change">1 or -1: while it moves, a second activation may begin before the first has ended.</param>
    internal void ReadersChanged(int partition, int change) => Interlocked.Add(ref _readers[partition], change);

    /// <summary>Whether a partition's grain is on this silo.</summary>
    internal bool IsReadHere(int partition) => Volatile.Read(ref _readers[partition]) > 0;

    /// <summary>The position before which all of a partition is applied, as it was told here last.</summary>
    internal long AppliedOf(int partition) => Volatile.Read(ref _applied[partition]);

    /// <summary>Sees to it that a partition's grain is active somewhere and looks for more.</summary>
    public void Notice(int partition) => _notices[partition].Post();

    /// <summary>Whether this silo has appended what, as far as it has heard, is not applied yet.</summary>
    public bool Awaits(int partition) => !_backlogs[partition].IsEmpty;

    /// <summary>There is more in a partition whose grain is on this silo.</summary>
    public void Ring(int partition) => _bells[partition].Ring();

    /// <inheritdoc/>
    public async ValueTask<DeliverRequest> NextAsync(int partition, long from, int most, TimeSpan patience, CancellationToken cancellationToken)
    {
        var request = new DeliverRequest { FirstPosition = from };

        // Heard from before the log is read, so that nothing is missed between.
        var rung = _bells[partition].NextAsync();
        await request.AddFromAsync(_log, partition, cancellationToken);
        if (request.Entries.Count > 0) return request;

        // Read all the same where it stays silent, which is no exception: nobody may have been there to ring. On the grain's turn still.
        await rung.WaitAsync(patience, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        cancellationToken.ThrowIfCancellationRequested();
        await request.AddFromAsync(_log, partition, cancellationToken);
        return request;
    }

    /// <summary>Wakes the reader of one partition.</summary>
    private sealed class Bell
    {
        private TaskCompletionSource _next = New();

        public Task NextAsync() => Volatile.Read(ref _next).Task;

        public void Ring() => Interlocked.Exchange(ref _next, New()).TrySetResult();

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Tells a partition's grain that there is more: one message under way, and one after it for all that came meanwhile.</summary>
    private sealed class Notices(Func<IPartitionGrain> grain, Backlog backlog)
    {
        private int _posted;

        public void Post()
        {
            if (Interlocked.Increment(ref _posted) == 1) _ = RunAsync();
        }

        private async Task RunAsync()
        {
            // The appender goes on at once.
            await Task.Yield();
            for (var seen = Volatile.Read(ref _posted); seen > 0;)
            {
                try
                {
                    backlog.Applied(await grain().Notice());
                }
                catch (Exception)
                {
                    // Its silo dies or it moves; every silo tries again within a second.
                }

                var now = Interlocked.CompareExchange(ref _posted, 0, seen);
                seen = now == seen ? 0 : now;
            }
        }
    }
}
