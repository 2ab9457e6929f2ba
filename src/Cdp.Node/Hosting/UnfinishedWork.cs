using System.Text;
using Cdp.Grains.Ports;
using Cdp.Storage;

namespace Cdp.Node.Hosting;

/// <summary>
/// Says in a store that work on the whole of it was begun; gone once it ended. While it is there, what the store holds may
/// be incomplete: only the same work may go on with it.
/// </summary>
internal static class UnfinishedWork
{
    /// <summary>Kind of the state that says so.</summary>
    public const string StateKind = "unfinished";

    /// <summary>A replay from the log.</summary>
    public const string ReplayFromLog = "replay-from-log";

    /// <summary>A replay that keeps the histories.</summary>
    public const string ReplayFromHistory = "replay-from-history";

    /// <summary>A copy into this store.</summary>
    public const string Copy = "copy";

    /// <summary>What to do about an interrupted copy.</summary>
    public const string CopyRemedy = "Run the same 'cdp copy' again, to its end.";

    /// <summary>What was begun and has not ended; null: nothing.</summary>
    public static async Task<string?> ReadAsync(IStateStore states, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(StateKind, "", cancellationToken);
        return row.Exists ? Encoding.ASCII.GetString(row.Value.Span) : null;
    }

    /// <summary>Says that something begins; durable when it returns.</summary>
    public static async Task BeginAsync(IStateStore states, string work, CancellationToken cancellationToken)
    {
        var before = await states.ReadAsync(StateKind, "", cancellationToken);
        if (await states.WriteAsync(StateKind, "", Encoding.ASCII.GetBytes(work), before.Tag, cancellationToken) is null)
            throw new StorageException("Something else works on the whole of this store; let it end.");
    }

    /// <summary>Says that it ended.</summary>
    public static async Task EndAsync(IStateStore states, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(StateKind, "", cancellationToken);
        await states.ClearAsync(StateKind, "", row.Tag, cancellationToken);
    }

    /// <summary>Refuses a store that holds what is incomplete.</summary>
    /// <exception cref="StorageException">Something is unfinished; the message says what to run.</exception>
    public static async Task ThrowIfAnyAsync(IStateStore states, NodeOptions place, CancellationToken cancellationToken)
    {
        if (await ReadAsync(states, cancellationToken) is not { } work) return;
        var (what, remedy) = work == Copy
            ? ("copy into", CopyRemedy)
            : ("replay of", $"Run 'cdp replay {(place.Postgres is null ? $"--data {place.DataDirectory}" : "--postgres ADDRESS")}' to its end, then start again.");
        throw new StorageException($"A {what} '{NodeStore.Name(place)}' was interrupted, so what it holds is incomplete. {remedy}");
    }
}
