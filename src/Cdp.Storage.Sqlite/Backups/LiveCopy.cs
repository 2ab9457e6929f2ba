using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.Sqlite.State;

namespace Cdp.Storage.Sqlite.Backups;

/// <summary>Copies a store into a directory while it is read and written: the state first, then the log, which the state refers to.</summary>
/// <param name="scrubber">Has state.db.</param>
/// <param name="merger">Ends the copy of state.db.</param>
/// <param name="openLog">Opens a connection to log.db.</param>
/// <param name="epoch">Name of the log.</param>
/// <param name="ends">Position after the last record of each partition, as they are now.</param>
internal sealed class LiveCopy(PageScrubber scrubber, StateMerger merger, Func<Database> openLog, string epoch, Func<long[]> ends)
{
    /// <summary>Copies everything; on disk when it returns.</summary>
    /// <returns>The position after the last record of each partition of the copy.</returns>
    public async Task<long[]> RunAsync(string directory, CancellationToken cancellationToken)
    {
        long[] reached;
        using (var state = new PageCopy(scrubber, Path.Combine(directory, SqliteStore.StateFile)))
        {
            state.CopyMost(cancellationToken);
            using var journal = await merger.EndCopyAsync(state).ConfigureAwait(false);

            // Whatever the state knows of the log was on disk before.
            reached = ends();
            state.Flush();
            journal.CopyTo(directory, cancellationToken);
        }

        using (var log = openLog()) LogCopy.Write(log, Path.Combine(directory, SqliteStore.LogFile), epoch, reached, cancellationToken);
        DiskFlush.Directory(directory);
        return reached;
    }
}
