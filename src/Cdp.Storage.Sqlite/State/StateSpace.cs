using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Keeps what waits to be merged within the pages that the database may have, since a merge cannot refuse anything any
/// more. It counts rather too many pages than too few.
/// </summary>
internal sealed class StateSpace(StateTables tables, StateMerger merger, long maxPages)
{
    private long _takenBytes;
    private int _takenEntries;

    /// <summary>Takes room for a value.</summary>
    /// <exception cref="StorageException">There is none.</exception>
    public void Take(int bytes)
    {
        var pages = merger.BasePages + tables.LiveEntries + _takenEntries + 1 + (2 * (tables.LiveBytes + _takenBytes + bytes) / Database.PageSize);
        if (pages > maxPages)
        {
            // What was removed may make room, once it is merged.
            merger.MergeSoon();
            throw merger.Full();
        }

        _takenBytes += bytes;
        _takenEntries++;
    }

    /// <summary>Called when what was taken stands in the tables.</summary>
    public void Committed() => (_takenBytes, _takenEntries) = (0, 0);
}
