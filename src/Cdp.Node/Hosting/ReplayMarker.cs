using System.Text;
using Cdp.Grains.Ports;
using Cdp.Storage;

namespace Cdp.Node.Hosting;

/// <summary>
/// Says in a store that a replay was begun and how far it drops; gone once it ended. While it is there, what the store
/// holds may be incomplete: only another replay may work on it.
/// </summary>
internal static class ReplayMarker
{
    private const string Kind = "replay";
    private const string FromLog = "from-log";
    private const string FromHistory = "from-history";

    /// <summary>Whether an unfinished replay was one from the log; null: there is none.</summary>
    public static async Task<bool?> ReadAsync(IStateStore states, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(Kind, "", cancellationToken);
        return row.Exists ? Encoding.ASCII.GetString(row.Value.Span) != FromHistory : null;
    }

    /// <summary>Marks that a replay begins; durable when it returns.</summary>
    public static async Task WriteAsync(IStateStore states, bool fromLog, CancellationToken cancellationToken)
    {
        var before = await states.ReadAsync(Kind, "", cancellationToken);
        if (await states.WriteAsync(Kind, "", Encoding.ASCII.GetBytes(fromLog ? FromLog : FromHistory), before.Tag, cancellationToken) is null)
            throw new StorageException("Another replay runs on this store; let it end.");
    }

    /// <summary>Removes the mark.</summary>
    public static async Task RemoveAsync(IStateStore states, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(Kind, "", cancellationToken);
        await states.ClearAsync(Kind, "", row.Tag, cancellationToken);
    }

    /// <summary>Refuses to serve what is incomplete.</summary>
    /// <exception cref="StorageException">A replay is unfinished.</exception>
    public static async Task ThrowIfUnfinishedAsync(IStateStore states, NodeOptions options, CancellationToken cancellationToken)
    {
        if (await ReadAsync(states, cancellationToken) is null) return;
        var place = options.Postgres is null ? $"--data {options.DataDirectory}" : "--postgres ADDRESS";
        throw new StorageException(
            $"A replay of '{NodeStore.Name(options)}' was interrupted, so what it holds is incomplete. Run 'cdp replay {place}' to its end, then start again.");
    }
}
