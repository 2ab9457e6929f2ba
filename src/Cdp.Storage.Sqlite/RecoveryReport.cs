namespace Cdp.Storage.Sqlite;

/// <summary>What a start found in the files that an end in good order does not leave there, and made good.</summary>
/// <param name="Healed">Rows at the end of the log that were damaged, in the order of partition and position. Empty when all was well.</param>
/// <param name="Journal">What was read from the journal of the state; an end in good order leaves one, too.</param>
public sealed record RecoveryReport(IReadOnlyList<HealedRow> Healed, JournalRecovery Journal);

/// <summary>
/// A row at the end of a partition whose bytes were not those written. It was moved aside into the table
/// <c>quarantine</c> of log.db; what is sound of it was kept, and the records lost are blanked, so that no position is
/// ever given to another event.
/// </summary>
/// <param name="Partition">The partition.</param>
/// <param name="First">Position of the row's first record.</param>
/// <param name="Count">Records of the row.</param>
/// <param name="Lost">Records of it that are lost.</param>
/// <param name="Reason">Which check failed.</param>
public sealed record HealedRow(int Partition, long First, int Count, int Lost, string Reason);
