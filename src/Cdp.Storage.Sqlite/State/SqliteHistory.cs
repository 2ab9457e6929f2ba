using Cdp.Grains.Ports;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>Histories.</summary>
internal sealed class SqliteHistory(GroupCommitter<StateWriteTarget> writer, StateView view) : IHistory
{
    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        AppendAsync(key, expected, count, slice, canWait: false, cancellationToken);

    public ValueTask<bool> AppendSoonAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        AppendAsync(key, expected, count, slice, canWait: true, cancellationToken);

    public ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        cancellationToken.ThrowIfCancellationRequested();
        return new(view.Slices(key, from, maxBytes));
    }

    public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(view.Length(key));
    }

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) =>
        writer.Submit(new DeleteHistoryOperation(key), cancellationToken).VoidTask;

    private ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, bool canWait, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(expected);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(expected, HistoryRow.MaxEntries - count);
        return writer.Submit(new AppendHistoryOperation(key, expected, count, slice) { CanWait = canWait }, cancellationToken).Task;
    }
}
