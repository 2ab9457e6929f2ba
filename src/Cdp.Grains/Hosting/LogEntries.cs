using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Hosting;

/// <summary>Reads what partitions are handed from the log.</summary>
public static class LogEntries
{
    private const int ReadBytes = 512 * 1024;

    /// <summary>Adds the entries of a partition from where the request begins; none at the log's end.</summary>
    public static async ValueTask AddFromAsync(this DeliverRequest request, IEventLog log, int partition, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(log);
        foreach (var (position, record) in await log.ReadAsync(partition, request.FirstPosition, ReadBytes, cancellationToken))
        {
            request.Entries.Add(Of(partition, position, record));
        }
    }

    /// <summary>A record as its partition is handed it.</summary>
    public static LogEntry Of(int partition, long position, LogRecord record) => new()
    {
        Partition = partition,
        Position = position,
        Tenant = record.Tenant,
        Event = record.Payload.IsEmpty ? null : LoggedEvent.Parser.ParseFrom(record.Payload.Span),
        Size = record.Payload.Length,
    };
}
