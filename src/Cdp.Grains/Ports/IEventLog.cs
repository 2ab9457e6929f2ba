namespace Cdp.Grains.Ports;

/// <summary>Properties of a log record.</summary>
[Flags]
public enum LogRecordFlags
{
    /// <summary>An event that counts.</summary>
    None = 0,

    /// <summary>The gateway refused it; kept as a dead letter.</summary>
    Refused = 1,

    /// <summary>The payload was erased, or lost, and perhaps something shorter left in its place; the position stays.</summary>
    Blanked = 2,
}

/// <summary>One record of the log.</summary>
/// <param name="Tenant">Whose event it is; a log is shared by tenants.</param>
/// <param name="Flags">What kind of record.</param>
/// <param name="KeyId">Key under which the payload is encrypted; 0: not encrypted.</param>
/// <param name="Payload">Bytes of <c>cdp.state.v1.LoggedEvent</c>; when blanked, what was left of them.</param>
public readonly record struct LogRecord(string Tenant, LogRecordFlags Flags, uint KeyId, ReadOnlyMemory<byte> Payload);

/// <summary>A record at its position.</summary>
public readonly record struct PositionedRecord(long Position, LogRecord Record);

/// <summary>
/// The event log: partitions with dense positions from 0. An append returns when a flush to disk lies between its
/// write and its return; concurrent appends share flushes.
/// </summary>
public interface IEventLog
{
    /// <summary>Number of partitions; fixed when the log was made.</summary>
    int Partitions { get; }

    /// <summary>Identifies this log; another after it was replaced.</summary>
    string Epoch { get; }

    /// <summary>Whether records go after a while, so that whoever needs their payload later keeps it.</summary>
    bool Forgets => false;

    /// <summary>Appends records to one partition, in order and without gaps.</summary>
    /// <returns>Position of the first.</returns>
    ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken);

    /// <summary>Reads records in order from a position on, until about <paramref name="maxBytes"/> are read (at least one). Empty at the end.</summary>
    ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken);

    /// <summary>Reads single records, in the order asked; a position that does not exist yields null.</summary>
    ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken);

    /// <summary>The position that the next record will get.</summary>
    ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken);

    /// <summary>
    /// Erases the payload of one record in place; every other position keeps its content. Durable when it returns, and
    /// then nothing of the payload is left in any file.
    /// </summary>
    /// <param name="partition">The partition.</param>
    /// <param name="position">The record's position.</param>
    /// <param name="remainder">What is read as its payload from now on: no longer than it was, and at most 65,535 bytes.</param>
    /// <param name="cancellationToken">Gives up the waiting.</param>
    /// <returns>False when there is no such position.</returns>
    /// <exception cref="ArgumentException">The remainder is too long; nothing was changed.</exception>
    ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken);
}
