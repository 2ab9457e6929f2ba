using System.Text;
using Cdp.Domain.Events;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Partitions;

/// <summary>Looks for events in a partition of the log by their id, which no index has: most records are passed over unread.</summary>
internal static class EventSearch
{
    private const int ReadBytes = 1 << 20;
    private const int MostBytes = 16 << 20;

    /// <summary>Looks through some records.</summary>
    public static async ValueTask<FindEventReply> FindAsync(IEventLog log, int partition, FindEventRequest request, CancellationToken cancellationToken)
    {
        var id = Encoding.UTF8.GetBytes(request.EventId);
        var reply = new FindEventReply { LookedUntil = request.From };
        for (var bytes = 0L; reply.LookedUntil < request.End && bytes < MostBytes;)
        {
            var records = await log.ReadAsync(partition, reply.LookedUntil, ReadBytes, cancellationToken);
            if (records.Count == 0) break;
            foreach (var (position, record) in records)
            {
                if (position >= request.End) break;
                bytes += record.Payload.Length;
                if (record.Tenant == request.Tenant && Read(record, id, request) is { } logged)
                    reply.Entry = new LogEntry { Partition = partition, Position = position, Tenant = record.Tenant, Event = logged, Size = record.Payload.Length };
            }

            reply.LookedUntil = Math.Min(records[^1].Position + 1, request.End);
        }

        return reply;
    }

    /// <summary>When the event at a position, or the next that says so, was received, in microseconds since the epoch; 0: there is none.</summary>
    public static async ValueTask<long> ReceivedAtAsync(IEventLog log, int partition, long position, CancellationToken cancellationToken)
    {
        foreach (var read in await log.ReadAsync(partition, position, 1, cancellationToken))
        {
            if (!read.Record.Payload.IsEmpty && LoggedEvent.Parser.ParseFrom(read.Record.Payload.Span).ReceivedAt is > 0 and var at) return at;
        }

        return 0;
    }

    /// <summary>How many events of a tenant stand between two positions; outcomes are none.</summary>
    public static async ValueTask<long> CountAsync(IEventLog log, int partition, string tenant, long from, long end, CancellationToken cancellationToken)
    {
        var count = 0L;
        while (from < end)
        {
            var records = await log.ReadAsync(partition, from, ReadBytes, cancellationToken);
            if (records.Count == 0) break;
            count += records.Count(read => read.Position < end && read.Record.Tenant == tenant && !IsOutcome(read.Record));
            from = records[^1].Position + 1;
        }

        return count;
    }

    private static bool IsOutcome(LogRecord record) =>
        !record.Payload.IsEmpty && LoggedEvent.Parser.ParseFrom(record.Payload.Span).Outcome is not null;

    private static LoggedEvent? Read(LogRecord record, ReadOnlySpan<byte> id, FindEventRequest request)
    {
        var blanked = record.Flags.HasFlag(LogRecordFlags.Blanked);
        if (blanked ? record.Payload.IsEmpty : record.Payload.Span.IndexOf(id) < 0) return null;
        var logged = LoggedEvent.Parser.ParseFrom(record.Payload.Span);
        if (logged.Refused is { } refused) return IsNamed(refused.Raw, request) ? logged : null;
        return (logged.IdHashHigh, logged.IdHashLow) == (request.IdHashHigh, request.IdHashLow) ? logged : null;
    }

    private static bool IsNamed(ByteString raw, FindEventRequest request) =>
        EventReader.TryHead(raw.Span) is { } head && head.Id == request.EventId
        && (request.Source.Length == 0 || head.Source.Length == 0 || head.Source == request.Source);
}
