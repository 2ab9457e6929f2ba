using Cdp.Grains.Ports;

namespace Cdp.Storage;

/// <summary>Everything that a node keeps, in one place.</summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>The events.</summary>
    IEventLog Log { get; }

    /// <summary>Keyed state.</summary>
    IStateStore State { get; }

    /// <summary>Histories.</summary>
    IHistory History { get; }

    /// <summary>Customer ids.</summary>
    ICustomerIndex Customers { get; }

    /// <summary>What commands over the whole store need.</summary>
    IStoreMaintenance Maintenance { get; }
}

/// <summary>What commands over a whole store need, such as a replay. Other calls may go on meanwhile.</summary>
public interface IStoreMaintenance
{
    /// <summary>Kinds of states that there are, in ordinal order; one whose last state was removed may still be among them.</summary>
    ValueTask<IReadOnlyList<string>> StateKindsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Keys of histories in ordinal order after <paramref name="after"/>, at most <paramref name="size"/>. The empty key
    /// comes before all and is never among them.
    /// </summary>
    ValueTask<IReadOnlyList<string>> HistoryKeysAsync(string after, int size, CancellationToken cancellationToken);

    /// <summary>
    /// Keys of a kind of state in ordinal order after <paramref name="after"/>, at most <paramref name="size"/>. The empty
    /// key comes before all and is never among them.
    /// </summary>
    ValueTask<IReadOnlyList<string>> StateKeysAsync(string kind, string after, int size, CancellationToken cancellationToken);

    /// <summary>Removes every state of a kind whose key begins with <paramref name="prefix"/> (empty: all).</summary>
    /// <returns>How many there were.</returns>
    Task<long> DropStatesAsync(string kind, string prefix, CancellationToken cancellationToken);

    /// <summary>Removes every history whose key begins with <paramref name="prefix"/> (empty: all).</summary>
    /// <returns>How many there were.</returns>
    Task<long> DropHistoriesAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Sees to it that what was removed before stands in no file any more, as far as the store can.</summary>
    /// <returns>Where it stands on, and until when, in words; empty: nowhere.</returns>
    Task<string> ForgetAsync(CancellationToken cancellationToken);
}
