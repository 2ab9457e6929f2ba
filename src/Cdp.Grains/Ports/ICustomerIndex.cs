namespace Cdp.Grains.Ports;

/// <summary>The customer ids of each tenant, in pages. An id is added before it takes effect, never too late.</summary>
public interface ICustomerIndex
{
    /// <summary>Adds an id; adding it again changes nothing. Durable when it returns.</summary>
    ValueTask AddAsync(string tenant, string customer, CancellationToken cancellationToken);

    /// <summary>Ids in ordinal order after <paramref name="after"/> (empty: from the start), at most <paramref name="size"/>.</summary>
    ValueTask<IReadOnlyList<string>> PageAsync(string tenant, string after, int size, CancellationToken cancellationToken);

    /// <summary>Removes an id.</summary>
    ValueTask RemoveAsync(string tenant, string customer, CancellationToken cancellationToken);
}
