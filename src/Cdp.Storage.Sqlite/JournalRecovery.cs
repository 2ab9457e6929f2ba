namespace Cdp.Storage.Sqlite;

/// <summary>What a start found in the journal of the state, beyond the database.</summary>
/// <param name="Segments">Files that were read.</param>
/// <param name="Blocks">Commits in them.</param>
/// <param name="Changes">Changes in these.</param>
/// <param name="TornBytes">Bytes of a commit that a crash cut short, and which nobody was told of. They were cut off.</param>
public sealed record JournalRecovery(int Segments, int Blocks, long Changes, long TornBytes);
