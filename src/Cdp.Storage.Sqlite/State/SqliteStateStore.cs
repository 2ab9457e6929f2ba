using Cdp.Grains.Ports;
using Cdp.Storage.State;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.State;

/// <summary>Keyed state.</summary>
internal sealed class SqliteStateStore(GroupCommitter<StateWriteTarget> writer, StateView view) : IStateStore
{
    public ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(view.State(kind, key));
    }

    public ValueTask<IReadOnlyList<StateRow>> ReadManyAsync(string kind, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(view.States(kind, keys));
    }

    public ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken) =>
        writer.Submit(new PutStateOperation(kind, key, value, expectedTag), cancellationToken).Task;

    public ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken) =>
        writer.Submit(new ClearStateOperation(kind, key, expectedTag), cancellationToken).Task;
}
