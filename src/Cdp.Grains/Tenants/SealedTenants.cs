using Cdp.Grains.Ports;

namespace Cdp.Grains.Tenants;

/// <summary>States of which those of a sealed tenant are not written: whoever tries has lost them for good.</summary>
/// <remarks>
/// What is in memory when a tenant is sealed, such as a row of the identity record that is due to be written, would come back
/// otherwise. It throws instead of pretending that another activation was first: some would read and try again for ever.
/// </remarks>
internal sealed class UnsealedStates(IStateStore states, IDefinitions definitions) : IStateStore
{
    /// <inheritdoc/>
    public ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken) => states.ReadAsync(kind, key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StateRow>> ReadManyAsync(string kind, IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
        states.ReadManyAsync(kind, keys, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken) =>
        IsSealed(kind, key) ? throw new OwnershipLostException(key) : states.WriteAsync(kind, key, value, expectedTag, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken) =>
        states.ClearAsync(kind, key, expectedTag, cancellationToken);

    private bool IsSealed(string kind, string key) => definitions.IsSealed(key) && TenantKinds.AreTenants(kind);
}

/// <summary>Histories of which those of a sealed tenant take nothing in.</summary>
internal sealed class UnsealedHistory(IHistory history, IDefinitions definitions) : IHistory
{
    /// <inheritdoc/>
    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        definitions.IsSealed(key) ? throw new OwnershipLostException(key) : history.AppendAsync(key, expected, count, slice, cancellationToken);

    /// <inheritdoc/>
    public void AppendBehind(string key, long expected, int count, ReadOnlyMemory<byte> slice, IAppendObserver observer)
    {
        if (definitions.IsSealed(key)) observer.Failed(new OwnershipLostException(key));
        else history.AppendBehind(key, expected, count, slice, observer);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken) =>
        history.ReadAsync(key, from, maxBytes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken) => history.LengthAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        history.RewriteAsync(key, first, count, slice, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => history.DeleteAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask RemoveAsync(string key, CancellationToken cancellationToken) => history.RemoveAsync(key, cancellationToken);
}

/// <summary>The customer ids, to which none of a sealed tenant is added.</summary>
internal sealed class UnsealedCustomers(ICustomerIndex customers, IDefinitions definitions) : ICustomerIndex
{
    /// <inheritdoc/>
    public ValueTask AddAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        definitions.IsSealed(tenant) ? throw new OwnershipLostException(tenant) : customers.AddAsync(tenant, customer, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> PageAsync(string tenant, string after, int size, CancellationToken cancellationToken) =>
        customers.PageAsync(tenant, after, size, cancellationToken);

    /// <inheritdoc/>
    public ValueTask RemoveAsync(string tenant, string customer, CancellationToken cancellationToken) => customers.RemoveAsync(tenant, customer, cancellationToken);
}
