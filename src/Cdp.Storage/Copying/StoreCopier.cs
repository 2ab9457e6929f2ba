using Cdp.Grains.Ports;
using Cdp.Storage.Log;

namespace Cdp.Storage.Copying;

/// <summary>
/// Copies everything that one store holds into another, byte for byte, but for the tags of states. What is there already is
/// not copied again, so that a copy that was interrupted goes on. Nobody may write to either store meanwhile.
/// </summary>
/// <param name="from">What is copied.</param>
/// <param name="to">A store with the same log's name and as many partitions or more; it holds nothing, or a part of the copy.</param>
/// <param name="tenants">The tenants, whose customer ids are copied.</param>
/// <param name="except">Kinds of states that are not copied.</param>
/// <param name="progress">Hears what is copied and how many of it so far.</param>
public sealed class StoreCopier(IStore from, IStore to, IReadOnlyList<string> tenants, IReadOnlySet<string> except, Action<string, long> progress)
{
    private const int PageBytes = 1 << 20;
    private const int PageSize = 500;
    private const int AtOnce = 64;
    private const int ToldAt = 50_000;

    private readonly ParallelOptions _parallel = new() { MaxDegreeOfParallelism = AtOnce };
    private string _what = "";
    private long _copied;

    /// <summary>Copies to the end.</summary>
    /// <exception cref="StorageException">The other store holds what this one does not: it went on by itself.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _parallel.CancellationToken = cancellationToken;
        await PhaseAsync("log records", LogAsync, cancellationToken).ConfigureAwait(false);
        await PhaseAsync("histories", HistoriesAsync, cancellationToken).ConfigureAwait(false);
        await PhaseAsync("states", StatesAsync, cancellationToken).ConfigureAwait(false);
        await PhaseAsync("customer ids", CustomersAsync, cancellationToken).ConfigureAwait(false);
    }

    private static StorageException WentOn(string what) =>
        new($"The other store holds {what} that this one does not: it went on by itself. Name an empty one.");

    private async Task PhaseAsync(string what, Func<CancellationToken, Task> copy, CancellationToken cancellationToken)
    {
        (_what, _copied) = (what, 0);
        progress(what, 0);
        await copy(cancellationToken).ConfigureAwait(false);
        progress(what, Interlocked.Read(ref _copied));
    }

    private async Task LogAsync(CancellationToken cancellationToken)
    {
        for (var partition = 0; partition < to.Log.Partitions; partition++)
        {
            var end = partition < from.Log.Partitions ? await from.Log.EndAsync(partition, cancellationToken).ConfigureAwait(false) : 0;
            var next = await to.Log.EndAsync(partition, cancellationToken).ConfigureAwait(false);
            if (next > end) throw WentOn("log records");
            if (next == end) continue;
            await foreach (var page in LogPages.ReadAsync(from.Log, partition, next, cancellationToken).ConfigureAwait(false))
            {
                await AppendAsync(partition, page, cancellationToken).ConfigureAwait(false);
                _copied += page.Count;
            }
        }
    }

    /// <summary>Appends a page. What is left of an erased payload is appended as a payload, which then is erased but for it.</summary>
    private async Task AppendAsync(int partition, IReadOnlyList<PositionedRecord> page, CancellationToken cancellationToken)
    {
        LogRecord[] records =
        [
            .. page.Select(r => r.Record with { Flags = r.Record.Payload.IsEmpty ? r.Record.Flags : r.Record.Flags & ~LogRecordFlags.Blanked }),
        ];
        if (await to.Log.AppendAsync(partition, records, cancellationToken).ConfigureAwait(false) != page[0].Position) throw WentOn("log records");
        foreach (var (position, record) in page)
        {
            if (record.Flags.HasFlag(LogRecordFlags.Blanked) && !record.Payload.IsEmpty)
                await to.Log.BlankAsync(partition, position, record.Payload, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task HistoriesAsync(CancellationToken cancellationToken)
    {
        await foreach (var keys in StorePages.HistoriesAsync(from, PageSize, cancellationToken).ConfigureAwait(false))
            await Parallel.ForEachAsync(keys, _parallel, HistoryAsync).ConfigureAwait(false);
    }

    private async ValueTask HistoryAsync(string key, CancellationToken cancellationToken)
    {
        var next = await to.History.LengthAsync(key, cancellationToken).ConfigureAwait(false);
        if (next > await from.History.LengthAsync(key, cancellationToken).ConfigureAwait(false)) throw WentOn("entries of a history");
        while (await from.History.ReadAsync(key, next, PageBytes, cancellationToken).ConfigureAwait(false) is { Count: > 0 } slices)
        {
            if (slices[0].First != next) throw WentOn("entries of a history");
            foreach (var slice in slices)
            {
                if (!await to.History.AppendAsync(key, slice.First, slice.Count, slice.Bytes, cancellationToken).ConfigureAwait(false)) throw WentOn("entries of a history");
            }

            next = slices[^1].End;
        }

        Count();
    }

    private async Task StatesAsync(CancellationToken cancellationToken)
    {
        foreach (var kind in (await from.Maintenance.StateKindsAsync(cancellationToken).ConfigureAwait(false)).Where(k => !except.Contains(k)))
        {
            await foreach (var keys in StorePages.StatesAsync(from, kind, PageSize, cancellationToken).ConfigureAwait(false))
            {
                var rows = await from.State.ReadManyAsync(kind, keys, cancellationToken).ConfigureAwait(false);
                var there = await to.State.ReadManyAsync(kind, keys, cancellationToken).ConfigureAwait(false);
                await Parallel.ForEachAsync(Enumerable.Range(0, keys.Count), _parallel, async (i, cancel) =>
                {
                    if (!there[i].Exists || !there[i].Value.Span.SequenceEqual(rows[i].Value.Span))
                    {
                        if (await to.State.WriteAsync(kind, keys[i], rows[i].Value, there[i].Tag, cancel).ConfigureAwait(false) is null) throw WentOn("a state");
                    }

                    Count();
                }).ConfigureAwait(false);
            }
        }
    }

    private async Task CustomersAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in tenants)
        {
            await foreach (var ids in StorePages.CustomersAsync(from, tenant, PageSize, cancellationToken).ConfigureAwait(false))
            {
                await Parallel.ForEachAsync(ids, _parallel, (id, cancel) => to.Customers.AddAsync(tenant, id, cancel)).ConfigureAwait(false);
                _copied += ids.Count;
            }
        }
    }

    private void Count()
    {
        if (Interlocked.Increment(ref _copied) is var copied && copied % ToldAt == 0) progress(_what, copied);
    }
}
