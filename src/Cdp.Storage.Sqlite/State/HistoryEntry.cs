namespace Cdp.Storage.Sqlite.State;

/// <summary>What happened to a history: perhaps it was deleted, and then slices came.</summary>
internal struct HistoryEntry
{
    /// <summary>Whether what the history had before is deleted.</summary>
    public bool Deleted;

    /// <summary>First entry of the slices.</summary>
    public long Start;

    /// <summary>Entry after the last one.</summary>
    public long End;

    /// <summary>Number of the first slice in the memtable; −1: none.</summary>
    public int Head;

    /// <summary>Number of the last slice.</summary>
    public int Tail;

    /// <summary>Bytes of the slices.</summary>
    public long Bytes;
}
