using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Partitions;

/// <summary>Tells and settles the dead letters of one partition.</summary>
internal static class KeptLetters
{
    private const int MostBytes = 1 << 20;

    /// <summary>Reads a page of a tenant's list.</summary>
    public static async ValueTask<ReadDeadLettersReply> ReadAsync(PartitionPorts ports, int partition, ReadDeadLettersRequest request, CancellationToken cancellationToken)
    {
        var letters = new List<DeadLetter>();
        var next = request.From;
        await foreach (var (letter, end) in DeadLetters.ReadAsync(ports.History, request.Tenant, partition, request.From, cancellationToken))
        {
            letters.Add(letter);
            next = end;
            if (letters.Count == request.Most) break;
        }

        var reply = new ReadDeadLettersReply { Next = letters.Count < request.Most ? -1 : next };
        reply.Letters.Add(await KeptAsync(ports, request.Tenant, partition, letters.Select(letter => letter.Position), cancellationToken));

        // Of many large ones the rest comes with the next page.
        var bytes = 0;
        for (var i = 0; i < reply.Letters.Count; i++)
        {
            bytes += reply.Letters[i].CalculateSize();
            if (bytes <= MostBytes || i == 0) continue;
            reply.Next = request.From + i;
            while (reply.Letters.Count > i) reply.Letters.RemoveAt(i);
        }

        return reply;
    }

    /// <summary>Reads single ones.</summary>
    public static async ValueTask<GetDeadLettersReply> GetAsync(PartitionPorts ports, int partition, GetDeadLettersRequest request, CancellationToken cancellationToken) =>
        new() { Letters = { (await KeptAsync(ports, request.Tenant, partition, request.Positions, cancellationToken)).Where(kept => kept.Letter is not null) } };

    /// <summary>Notes that some were published anew.</summary>
    public static async ValueTask<SettleDeadLettersReply> SettleAsync(PartitionPorts ports, int partition, SettleDeadLettersRequest request, CancellationToken cancellationToken)
    {
        foreach (var position in request.Positions) await DeadLetters.SettleAsync(ports.States, request.Tenant, partition, position, request.RetriedAt, cancellationToken);
        return new SettleDeadLettersReply();
    }

    /// <summary>For each position the letter and what the log has of it; one that is none has no letter.</summary>
    private static async ValueTask<List<KeptLetter>> KeptAsync(PartitionPorts ports, string tenant, int partition, IEnumerable<long> positions, CancellationToken cancellationToken)
    {
        var kept = (await DeadLetters.FindAsync(ports.States, tenant, partition, positions, cancellationToken)).ConvertAll(letter => new KeptLetter { Letter = letter });
        var found = kept.FindAll(letter => letter.Letter is not null);
        var records = await ports.Log.ReadManyAsync([.. found.Select(letter => (partition, letter.Letter.Position))], cancellationToken);
        for (var i = 0; i < found.Count; i++) found[i].Event = ContentOf(records[i]);
        return kept;
    }

    private static LoggedEvent? ContentOf(LogRecord? record)
    {
        if (record is not { } found || found.Flags.HasFlag(LogRecordFlags.Blanked)) return null;
        try
        {
            return LoggedEvent.Parser.ParseFrom(found.Payload.Span);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
