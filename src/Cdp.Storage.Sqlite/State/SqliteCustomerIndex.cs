using Cdp.Grains.Ports;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Customer ids in state.db. SQLite orders text by its UTF-8 bytes, which is ordinal order for the safe characters that
/// an id is made of.
/// </summary>
internal sealed class SqliteCustomerIndex(GroupCommitter<StateWriteTarget> writer, ReaderPool<StateReader> readers) : ICustomerIndex
{
    public ValueTask AddAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        writer.Submit(new IndexOperation(tenant, customer, add: true), cancellationToken).VoidTask;

    public ValueTask<IReadOnlyList<string>> PageAsync(string tenant, string after, int size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        cancellationToken.ThrowIfCancellationRequested();
        return new(readers.Read((tenant, after, size), (r, a) => r.Customers(a.tenant, a.after, a.size)));
    }

    public ValueTask RemoveAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        writer.Submit(new IndexOperation(tenant, customer, add: false), cancellationToken).VoidTask;
}
