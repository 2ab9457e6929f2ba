using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.SingleNode.Hosting;

/// <summary>The log of one process: appends are durable in the store, and reach the partitions without being read back.</summary>
public sealed class TailingLog : IEventAppender, IPartitionProgress, IPartitionFeed
{
    /// <summary>Parsed events kept per partition, in bytes of their payload.</summary>
    public const long TailBytes = 2L * 1024 * 1024;

    private readonly IEventLog _log;
    private readonly Tail[] _tails;
    private readonly Backlog[] _backlogs;
    private readonly TimeProvider _time;

    private TailingLog(IEventLog log, long[] ends, long maxBacklogBytes, TimeProvider time)
    {
        _time = time;
        _log = log;
        _tails = [.. ends.Select((end, partition) => new Tail(partition, end, TailBytes))];
        _backlogs = [.. ends.Select(_ => new Backlog(maxBacklogBytes))];
    }

    /// <inheritdoc/>
    public int Partitions => _log.Partitions;

    /// <inheritdoc/>
    public string Epoch => _log.Epoch;

    /// <summary>Opens the tail at the log's end.</summary>
    /// <param name="log">The store.</param>
    /// <param name="maxBacklogBytes">Most acknowledged but unapplied bytes per tenant and partition.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Cancels the reading of the ends.</param>
    public static async Task<TailingLog> OpenAsync(IEventLog log, long maxBacklogBytes, TimeProvider time, CancellationToken cancellationToken)
    {
        var ends = new long[log.Partitions];
        for (var p = 0; p < ends.Length; p++) ends[p] = await log.EndAsync(p, cancellationToken);
        return new TailingLog(log, ends, maxBacklogBytes, time);
    }

    /// <inheritdoc/>
    public TimeSpan Admit(string tenant, int partition) => _backlogs[partition].Admit(tenant);

    /// <inheritdoc/>
    public ValueTask<long> AppendAsync(int partition, IReadOnlyList<AppendedEvent> events, CancellationToken cancellationToken) =>
        KeepingPaceAsync(AppendDurablyAsync(partition, events, cancellationToken), partition, events[0].Record.Tenant, cancellationToken);

    private async ValueTask<(long First, long Bytes)> AppendDurablyAsync(int partition, IReadOnlyList<AppendedEvent> events, CancellationToken cancellationToken)
    {
        var records = new LogRecord[events.Count];
        for (var i = 0; i < records.Length; i++) records[i] = events[i].Record;

        // Not cancelled half way: once begun, the append is awaited, so that the tail has no hole.
        cancellationToken.ThrowIfCancellationRequested();
        var failures = _tails[partition].Failures;
        long first;
        try
        {
            first = await _log.AppendAsync(partition, records, CancellationToken.None);
        }
        catch
        {
            _tails[partition].Doubt();
            throw;
        }

        var bytes = _backlogs[partition].Add(first, records);
        _tails[partition].Offer(first, events, failures);
        return (first, bytes);
    }

    /// <summary>Not longer than the caller waits: what was appended stays so. Holds no event meanwhile.</summary>
    private async ValueTask<long> KeepingPaceAsync(ValueTask<(long First, long Bytes)> appending, int partition, string tenant, CancellationToken cancellationToken)
    {
        var (first, bytes) = await appending;
        var (room, longest) = _backlogs[partition].Room(tenant, bytes);
        if (!room.IsCompleted) await room.WaitAsync(longest, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return first;
    }

    /// <inheritdoc/>
    public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken) => _log.EndAsync(partition, cancellationToken);

    /// <inheritdoc/>
    public void Applied(int partition, long position) => _backlogs[partition].Applied(position);

    /// <inheritdoc/>
    public async ValueTask<DeliverRequest> NextAsync(
        int partition, long from, int most, TimeSpan patience, CancellationToken cancellationToken)
    {
        var request = new DeliverRequest { FirstPosition = from };
        var tail = _tails[partition];
        var entries = tail.Take(from, most, out var more);
        if (entries is { Count: 0 })
        {
            // An idle partition comes here once a second: silence is no exception.
            await more.WaitAsync(patience, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (!more.IsCompleted && !tail.InDoubt) return request;
            entries = tail.InDoubt ? null : tail.Take(from, most, out _);
        }

        if (entries is not null) request.Entries.AddRange(entries);
        else
        {
            await request.AddFromAsync(_log, partition, cancellationToken);
            tail.Skip(from + request.Entries.Count);
        }

        return request;
    }
}
