using Cdp.Grains.Ports;
using Cdp.Storage.State;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.State;

/// <summary>Histories.</summary>
internal sealed class SqliteHistory(GroupCommitter<StateWriteTarget> writer, StateView view) : IHistory
{
    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken)
    {
        HistoryAppends.Check(expected, count, HistoryRow.MaxEntries);
        return writer.Submit(new AppendHistoryOperation(key, expected, count, slice), cancellationToken).Task;
    }

    public void AppendBehind(string key, long expected, int count, ReadOnlyMemory<byte> slice, IAppendObserver observer)
    {
        HistoryAppends.Check(expected, count, HistoryRow.MaxEntries);
        writer.Submit(new AppendBehindOperation(key, expected, count, slice, observer) { CanWait = true }, CancellationToken.None);
    }

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

    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        writer.Submit(new RewriteHistoryOperation(key, first, count, slice), cancellationToken).Task;

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) =>
        writer.Submit(new DeleteHistoryOperation(key, erases: true), cancellationToken).VoidTask;

    public ValueTask RemoveAsync(string key, CancellationToken cancellationToken) =>
        writer.Submit(new DeleteHistoryOperation(key, erases: false), cancellationToken).VoidTask;
}
