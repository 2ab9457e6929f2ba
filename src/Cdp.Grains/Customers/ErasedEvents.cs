using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>
/// Erases events from the log for good. What is left of one are the keyed hashes of its identifiers and the hash of its
/// id: they bring it to its customer in a replay, and tell it when it is sent again.
/// </summary>
public static class ErasedEvents
{
    /// <summary>What is left of a record that was erased wholly.</summary>
    private static readonly ReadOnlyMemory<byte> Nothing = new LoggedEvent { Erased = true }.ToByteArray();

    /// <summary>A record as it is read once it was erased wholly.</summary>
    public static LogEntry NothingOf(LogEntry entry) => new()
    {
        Partition = entry.Partition, Position = entry.Position, Tenant = entry.Tenant, Event = new LoggedEvent { Erased = true, ReceivedAt = entry.Event?.ReceivedAt ?? 0 },
    };

    /// <summary>Erases the content of one copy of an event. Durable when it returns; doing it again changes nothing.</summary>
    /// <returns>False when there is no such position.</returns>
    public static async ValueTask<bool> EraseAsync(IEventLog log, int partition, long position, CancellationToken cancellationToken)
    {
        var records = await log.ReadManyAsync([(partition, position)], cancellationToken);
        return records[0] is { } record && await log.BlankAsync(partition, position, RemainderOf(record), cancellationToken);
    }

    /// <summary>
    /// Erases a record of which not even the keys are to be left: its customer is erased. Durable when it returns; doing it again
    /// changes nothing.
    /// </summary>
    /// <returns>Whether there was something to erase; false also where the log forgets by itself.</returns>
    public static async ValueTask<bool> EraseWhollyAsync(IEventLog log, int partition, long position, CancellationToken cancellationToken) =>
        !log.Forgets && await log.BlankAsync(partition, position, Nothing, cancellationToken);

    /// <summary>Whether not even the keys of a record are left.</summary>
    public static bool IsWhollyErased(in LogRecord record) =>
        record.Flags.HasFlag(LogRecordFlags.Blanked) && (record.Payload.IsEmpty || record.Payload.Span.SequenceEqual(Nothing.Span));

    /// <summary>Erases all copies of an event if one is erased, so that it does not matter which of them would count.</summary>
    /// <returns>Whether the event is erased.</returns>
    public static async ValueTask<bool> SpreadAsync(IEventLog log, IReadOnlyList<(int Partition, long Position)> copies, CancellationToken cancellationToken)
    {
        // A log that forgets cannot be asked; nothing is erased in it.
        if (log.Forgets) return false;
        var records = await log.ReadManyAsync(copies, cancellationToken);
        if (!records.Any(IsErased)) return false;
        for (var i = 0; i < copies.Count; i++)
        {
            if (!IsErased(records[i])) await EraseAsync(log, copies[i].Partition, copies[i].Position, cancellationToken);
        }

        return true;
    }

    /// <summary>Whether a record was erased. One that the disk lost was not: of it nothing is left.</summary>
    private static bool IsErased(LogRecord? record) => record is { } found && found.Flags.HasFlag(LogRecordFlags.Blanked) && !found.Payload.IsEmpty;

    private static ReadOnlyMemory<byte> RemainderOf(LogRecord record)
    {
        if (record.Flags.HasFlag(LogRecordFlags.Blanked)) return record.Payload;

        // A refused event never came to a customer, so there is nothing to bring back.
        if (record.Flags.HasFlag(LogRecordFlags.Refused)) return default;
        return RemainderOf(LoggedEvent.Parser.ParseFrom(record.Payload.Span)).ToByteArray();
    }

    /// <summary>What is left of an event.</summary>
    internal static LoggedEvent RemainderOf(LoggedEvent logged)
    {
        var left = new LoggedEvent { Erased = true, ReceivedAt = logged.ReceivedAt, IdHashHigh = logged.IdHashHigh, IdHashLow = logged.IdHashLow };
        left.Keys.Add(logged.Keys.Select(key => new IdentifierKey { Key = key.Key }));
        return left;
    }
}
