using Cdp.Grains.Ports;

namespace Cdp.Grains.Tests.Harness;

/// <summary>A state store behind a fuse.</summary>
internal sealed class FusedStateStore(IStateStore inner, Fuse fuse) : IStateStore
{
    public ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken)
    {
        fuse.ThrowIfBlown();
        return inner.ReadAsync(kind, key, cancellationToken);
    }

    public ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken) =>
        fuse.WriteAsync(() => inner.WriteAsync(kind, key, value, expectedTag, cancellationToken));

    public ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken) =>
        fuse.WriteAsync(() => inner.ClearAsync(kind, key, expectedTag, cancellationToken));
}

/// <summary>A history behind a fuse.</summary>
internal sealed class FusedHistory(IHistory inner, Fuse fuse) : IHistory
{
    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        fuse.WriteAsync(() => inner.AppendAsync(key, expected, count, slice, cancellationToken));

    public ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken)
    {
        fuse.ThrowIfBlown();
        return inner.ReadAsync(key, from, maxBytes, cancellationToken);
    }

    public ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken)
    {
        fuse.ThrowIfBlown();
        return inner.LengthAsync(key, cancellationToken);
    }

    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        inner.RewriteAsync(key, first, count, slice, cancellationToken);

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);
}

/// <summary>A customer index behind a fuse.</summary>
internal sealed class FusedCustomerIndex(ICustomerIndex inner, Fuse fuse) : ICustomerIndex
{
    public async ValueTask AddAsync(string tenant, string customer, CancellationToken cancellationToken) => await fuse.WriteAsync(async () =>
    {
        await inner.AddAsync(tenant, customer, cancellationToken);
        return true;
    });

    public ValueTask<IReadOnlyList<string>> PageAsync(string tenant, string after, int size, CancellationToken cancellationToken) =>
        inner.PageAsync(tenant, after, size, cancellationToken);

    public ValueTask RemoveAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        inner.RemoveAsync(tenant, customer, cancellationToken);
}
