using Cdp.Grains.Ports;
using Cdp.Storage.State;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Customer ids. Text is ordered by its UTF-8 bytes, which is ordinal order for the safe characters that an id is made of.
/// </summary>
internal sealed class SqliteCustomerIndex(GroupCommitter<StateWriteTarget> writer, StateView view) : ICustomerIndex
{
    public ValueTask AddAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        writer.Submit(new IndexOperation(tenant, customer, add: true), cancellationToken).VoidTask;

    public ValueTask<IReadOnlyList<string>> PageAsync(string tenant, string after, int size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        cancellationToken.ThrowIfCancellationRequested();
        return new(view.Page(new CustomerKeys(tenant), after, size));
    }

    public ValueTask RemoveAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        writer.Submit(new IndexOperation(tenant, customer, add: false), cancellationToken).VoidTask;
}
