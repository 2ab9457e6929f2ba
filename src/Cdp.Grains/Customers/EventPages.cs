using System.Buffers.Binary;
using System.Buffers.Text;
using Cdp.Domain.Events;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Grains.Customers;

/// <summary>Pages through a customer's events, newest first by effective time.</summary>
internal static class EventPages
{
    /// <summary>Reads one page.</summary>
    /// <remarks>References of the whole history are sorted for every page: 50 bytes each, a few milliseconds for 10,000.</remarks>
    public static async ValueTask<ReadEventsReply> ReadAsync(
        CustomerFold fold, string key, long length, ReadEventsRequest request, CancellationToken cancellationToken)
    {
        var references = await fold.CollectAsync(key, length, cancellationToken);
        references.Sort(static (a, b) => Order(b).CompareTo(Order(a)));
        var first = 0;
        if (request.PageToken.Length > 0)
        {
            var after = Decode(request.PageToken);
            while (first < references.Count && Order(references[first]).CompareTo(after) >= 0) first++;
        }

        var reply = new ReadEventsReply { Standing = CustomerStanding.Here };
        var page = references.GetRange(first, Math.Min(request.PageSize, references.Count - first));
        foreach (var (reference, logged) in await fold.ReadAsync(page, cancellationToken))
        {
            var whole = EventReader.Whole(logged.Event.Span);
            reply.Events.Add(new CustomerEvent
            {
                Event = whole,
                ReceivedAt = new Timestamp { UnixMicros = reference.ReceivedAt },
                EffectiveAt = new Timestamp
                {
                    UnixMicros = reference.EffectiveAt,
                    UtcOffsetMinutes = whole.OccurredAt?.UtcOffsetMinutes ?? 0,
                },
                Partition = reference.Partition,
                Position = reference.Position,
                Copies = reference.Copies,
            });
            if (logged.Carried is not { } carried) continue;
            var outcome = new LoggedEvent { ReceivedAt = reference.ReceivedAt, Outcome = carried };
            reply.Outcomes.Add(new LogEntry { Partition = reference.Partition, Position = reference.Position, Event = outcome });
        }

        if (first + page.Count < references.Count) reply.NextPageToken = Encode(page[^1]);
        return reply;
    }

    private static (long, UInt128) Order(EventReference reference) => (reference.EffectiveAt, reference.Id);

    private static string Encode(EventReference last)
    {
        Span<byte> bytes = stackalloc byte[PageTokens.EventTokenBytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, last.EffectiveAt);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[8..], last.Id);
        return Base64Url.EncodeToString(bytes);
    }

    private static (long, UInt128) Decode(string token)
    {
        Span<byte> bytes = stackalloc byte[PageTokens.EventTokenBytes];
        Base64Url.DecodeFromChars(token, bytes);
        return (BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[8..]));
    }
}
