using Cdp.Grains.Ports;
using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.Sqlite.Log;
using Cdp.Storage.Sqlite.State;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite;

/// <summary>What commands over the whole store need, such as a replay. Other calls may go on meanwhile.</summary>
public sealed class SqliteMaintenance : IStoreMaintenance
{
    /// <summary>Rows that one transaction drops: it holds up others for milliseconds.</summary>
    private const int DropSize = 1000;

    private readonly IEventLog _log;
    private readonly GroupCommitter<LogWriteTarget> _logWriter;
    private readonly GroupCommitter<StateWriteTarget> _stateWriter;
    private readonly StateView _view;

    internal SqliteMaintenance(IEventLog log, GroupCommitter<LogWriteTarget> logWriter, GroupCommitter<StateWriteTarget> stateWriter, StateView view) =>
        (_log, _logWriter, _stateWriter, _view) = (log, logWriter, stateWriter, view);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> StateKindsAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(_view.StateKinds());
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> HistoryKeysAsync(string after, int size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        cancellationToken.ThrowIfCancellationRequested();
        return new(_view.Page(new HistoryKeys(""), after, size));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> StateKeysAsync(string kind, string after, int size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        cancellationToken.ThrowIfCancellationRequested();
        return new(_view.Page(new StateKeys(kind, ""), after, size));
    }

    /// <inheritdoc/>
    public Task<long> DropStatesAsync(string kind, string prefix, CancellationToken cancellationToken) =>
        DropAsync(new StateKeys(kind, prefix), cancellationToken);

    /// <inheritdoc/>
    public Task<long> DropHistoriesAsync(string prefix, CancellationToken cancellationToken) =>
        DropAsync(new HistoryKeys(prefix), cancellationToken);

    /// <inheritdoc/>
    public async Task<string> ForgetAsync(CancellationToken cancellationToken)
    {
        await CheckpointAsync(cancellationToken).ConfigureAwait(false);
        return string.Empty;
    }

    /// <summary>
    /// Moves everything into the two database files, cuts their write-ahead logs to nothing and deletes the journal: what
    /// was removed before is gone from the disk's files, and the database files alone are a whole copy.
    /// </summary>
    public async Task CheckpointAsync(CancellationToken cancellationToken)
    {
        await _logWriter.Submit(new CheckpointOperation(), cancellationToken).VoidTask.ConfigureAwait(false);
        await _stateWriter.Submit(new CheckpointOperation(), cancellationToken).VoidTask.ConfigureAwait(false);
    }

    /// <summary>Reads the whole log and checks every checksum and that no position is missing.</summary>
    public async Task<LogVerification> VerifyLogAsync(CancellationToken cancellationToken)
    {
        long records = 0, bytes = 0, blanked = 0;
        var damaged = new List<LogDamagedException>();
        for (var partition = 0; partition < _log.Partitions; partition++)
        {
            try
            {
                await foreach (var page in LogPages.ReadAsync(_log, partition, from: 0, cancellationToken).ConfigureAwait(false))
                {
                    foreach (var (_, record) in page)
                    {
                        records++;
                        bytes += record.Payload.Length;
                        if (record.Flags.HasFlag(LogRecordFlags.Blanked)) blanked++;
                    }
                }
            }
            catch (LogDamagedException e)
            {
                damaged.Add(e);
            }
        }

        return new LogVerification(records, bytes, blanked, damaged);
    }

    private async Task<long> DropAsync(KeyRange keys, CancellationToken cancellationToken)
    {
        var total = 0L;
        for (string? after = null; ;)
        {
            var dropped = await _stateWriter.Submit(new DropOperation(keys, after, DropSize), cancellationToken).Task.ConfigureAwait(false);
            if (dropped.Count == 0) return total;
            total += dropped.Count;
            after = dropped[^1];
        }
    }
}
