using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.State.V1;

namespace Cdp.Grains.Partitions;

/// <summary>
/// Erases the content of dead letters that were kept long enough, but of those that stand in a customer's history, who does so itself.
/// The letters stay, with their reasons.
/// </summary>
internal sealed class OldLetters(IEventLog log, IHistory history, Definitions definitions)
{
    private const int AtOnce = 256;

    /// <summary>Erases those of the tenant in one partition.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="from">Entry of its list to begin with.</param>
    /// <param name="now">Microseconds since the epoch.</param>
    /// <param name="cancellationToken">Cancels the calls; what was erased stays so.</param>
    /// <returns>How many it erased, and up to which entry none has a content any more.</returns>
    public async ValueTask<(int Erased, long Through)> EraseAsync(int partition, long from, long now, CancellationToken cancellationToken)
    {
        // A log that forgets does so by itself.
        if (log.Forgets || definitions.Retention.ShortestMicros is not { } shortest) return (0, from);
        var (erased, through, keeps) = (0, from, false);
        var chunk = new List<(DeadLetter Letter, long End)>(AtOnce);
        await foreach (var placed in DeadLetters.ReadAsync(history, definitions.Tenant, partition, from, cancellationToken))
        {
            if (placed.Letter.At + shortest > now) break;
            chunk.Add(placed);
            if (chunk.Count == AtOnce) await EraseChunkAsync();
        }

        await EraseChunkAsync();
        return (erased, through);

        async ValueTask EraseChunkAsync()
        {
            var records = await log.ReadManyAsync([.. chunk.Select(placed => (partition, placed.Letter.Position))], cancellationToken);
            var erasing = new List<Task>();
            for (var i = 0; i < records.Count; i++)
            {
                if (chunk[i].Letter.Reason != DeadLetterReasons.FoldFailed && records[i] is { } record && !record.Flags.HasFlag(LogRecordFlags.Blanked))
                {
                    if (MicrosOf(record) is not { } kept || chunk[i].Letter.At + kept > now) keeps = true;
                    else erasing.Add(ErasedEvents.EraseAsync(log, partition, chunk[i].Letter.Position, cancellationToken).AsTask());
                }

                if (!keeps) through = chunk[i].End;
            }

            await Task.WhenAll(erasing);
            erased += erasing.Count;
            chunk.Clear();
        }
    }

    private long? MicrosOf(LogRecord record)
    {
        var logged = LoggedEvent.Parser.ParseFrom(record.Payload.Span);
        if (logged.Refused is { } refused) return definitions.Retention.RefusedMicros(EventReader.TryHead(refused.Raw.Span)?.Type ?? string.Empty);
        return definitions.Retention.Micros(EventReader.TryHead(logged.Event.Span));
    }
}
