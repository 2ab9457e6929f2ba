using System.Runtime.CompilerServices;
using Cdp.Node.Api;
using Cdp.Node.Import.Mapping;
using Cdp.V1;

namespace Cdp.Node.Import;

/// <summary>
/// Imports one file: reads, groups, maps, publishes several batches at once, and accounts for every line in the file's
/// order. Progress moves only behind acknowledgements, so an import stopped at any moment goes on without a gap.
/// </summary>
public sealed class Importer
{
    private readonly ImportMapping _mapping;
    private readonly ImportOptions _options;
    private readonly TimeProvider _time;
    private readonly IImportObserver _observer;
    private readonly Publisher _publisher;

    /// <summary>Prepares an import.</summary>
    public Importer(ICdpApi api, ImportMapping mapping, ImportOptions options, TimeProvider time, IImportObserver observer)
    {
        _mapping = mapping;
        _options = options;
        _time = time;
        _observer = observer;
        _publisher = new Publisher(api, time, observer.Waiting);
    }

    /// <summary>Imports to the end of the file. After a cancellation or failure, a second run goes on where this one came to.</summary>
    /// <exception cref="MappingException">The mapping does not fit the file.</exception>
    /// <exception cref="ImportException">The import cannot go on.</exception>
    /// <exception cref="CdpApiException">The server refused a batch as a whole, or was away too long.</exception>
    public async Task<ImportSummary> RunAsync(ImportFile file, CancellationToken cancel)
    {
        var started = _time.GetTimestamp();
        var before = _options.Checkpoint?.Read(_options.Fingerprint);
        var linesBefore = before?.Counters.Lines ?? 0;
        if (before is not null)
            _observer.Resuming(linesBefore);
        var shift = before is not null ? TimeSpan.FromTicks(before.ShiftTicks)
            : _options.ShiftToNow ? await ShiftAsync(file, cancel)
            : TimeSpan.Zero;
        using var ledger = new ImportLedger(_options, before, shift);
        using var opened = file.Open(_mapping);
        var columns = await OpenAsync(opened, cancel);
        var mapper = new EventMapper(_mapping, columns, shift);
        var units = Units(opened, columns, cancel);
        await PublishAsync(BatchesAsync(units, mapper, before?.Units ?? 0, cancel), ledger, cancel);
        ledger.Finish();
        return new ImportSummary(
            ledger.Counters,
            linesBefore,
            ledger.Counters.LinesRejected > 0 ? _options.RejectsPath : null,
            ledger.Token,
            _time.GetElapsedTime(started));
    }

    // The time of the newest event is known only after a pass over the file.
    private async Task<TimeSpan> ShiftAsync(ImportFile file, CancellationToken cancel)
    {
        if (_mapping.Event.OccurredAt is null)
            throw new ImportException("--shift-to-now needs times to move and the mapping has no $.event.occurred_at; add it, or leave the option out.");
        if (file.Length is null)
            throw new ImportException("--shift-to-now reads the data twice, which the standard input does not allow; write it to a file first.");
        using var opened = file.Open(_mapping);
        var columns = await OpenAsync(opened, cancel);
        var mapper = new EventMapper(_mapping, columns, TimeSpan.Zero);
        DateTimeOffset? newest = null;
        await foreach (var unit in Units(opened, columns, cancel))
        {
            if (mapper.OccurredAt(unit) is { } time && !(newest >= time))
                newest = time;
        }

        return newest is { } last ? _time.GetUtcNow() - last : TimeSpan.Zero;
    }

    private async Task<IReadOnlyDictionary<string, int>> OpenAsync(OpenedFile opened, CancellationToken cancel)
    {
        var columns = await opened.Source.OpenAsync(cancel);
        MappingColumns.Check(_mapping, columns);
        return columns;
    }

    private IAsyncEnumerable<ImportUnit> Units(OpenedFile opened, IReadOnlyDictionary<string, int> columns, CancellationToken cancel) =>
        new UnitReader(_mapping.GroupBy, columns, opened.Fraction).ReadAsync(opened.Source.ReadAsync(cancel), cancel);

    private async IAsyncEnumerable<ImportBatch> BatchesAsync(
        IAsyncEnumerable<ImportUnit> units, EventMapper mapper, long skip, [EnumeratorCancellation] CancellationToken cancel)
    {
        var batch = new ImportBatch(_options.BatchSize);
        await foreach (var unit in units.WithCancellation(cancel))
        {
            // What an earlier run did is mapped again: ids count the repeats before them.
            var mapped = mapper.Map(unit);
            if (skip-- > 0)
                continue;
            if (!batch.Fits(mapped))
            {
                yield return batch;
                batch = new ImportBatch(_options.BatchSize);
            }

            batch.Add(mapped);
        }

        if (batch.Units.Count > 0)
            yield return batch;
    }

    private async Task PublishAsync(IAsyncEnumerable<ImportBatch> batches, ImportLedger ledger, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var inFlight = new Queue<(ImportBatch Batch, Task<PublishEventsResponse> Call)>();
        try
        {
            await foreach (var batch in batches.WithCancellation(cancel))
            {
                if (inFlight.Count == _options.Window)
                    await SettleOldestAsync();
                inFlight.Enqueue((batch, CallAsync(batch, stop.Token)));
            }

            while (inFlight.Count > 0)
                await SettleOldestAsync();
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(inFlight.Select(Task (entry) => entry.Call)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task SettleOldestAsync()
        {
            var (batch, call) = inFlight.Peek();
            ledger.Settle(batch, await call);
            inFlight.Dequeue();
            _observer.Advanced(ledger.Counters, batch.Fraction);
        }
    }

    private async Task<PublishEventsResponse> CallAsync(ImportBatch batch, CancellationToken cancel) =>
        batch.Request.Events.Count > 0 ? await _publisher.PublishAsync(batch.Request, cancel) : new PublishEventsResponse();
}
