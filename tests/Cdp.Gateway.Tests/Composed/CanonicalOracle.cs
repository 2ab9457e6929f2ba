using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>
/// What the customers of a log are, by definition: groups by union-find, of each event the copy first in (received,
/// partition, position), folded in the canonical order.
/// </summary>
internal static class CanonicalOracle
{
    /// <summary>The profile bytes of every customer, by its identifiers' keys.</summary>
    public static async Task<List<(HashSet<string> Keys, ByteString Profile)>> CustomersAsync(IEventLog log, Definitions definitions)
    {
        var placed = new List<(int Partition, long Position, LoggedEvent Event)>();
        for (var partition = 0; partition < log.Partitions; partition++)
        {
            foreach (var (position, record) in await log.ReadAsync(partition, 0, int.MaxValue, CancellationToken.None))
                placed.Add((partition, position, LoggedEvent.Parser.ParseFrom(record.Payload.Span)));
        }

        var groups = new List<HashSet<string>>();
        foreach (var (_, _, logged) in placed)
        {
            var keys = logged.Keys.Select(k => k.Key).ToHashSet();
            foreach (var met in groups.Where(g => g.Overlaps(keys)).ToList())
            {
                keys.UnionWith(met);
                groups.Remove(met);
            }

            groups.Add(keys);
        }

        return [.. groups.Select(keys => (keys, ProfileOf(placed.Where(p => keys.Contains(p.Event.Keys[0].Key)), definitions)))];
    }

    private static ByteString ProfileOf(IEnumerable<(int Partition, long Position, LoggedEvent Event)> copies, Definitions definitions)
    {
        var events = copies
            .Select(c => (c.Event, Read: EventReader.ForFold(c.Event.Event.Span), c.Partition, c.Position))
            .GroupBy(c => (c.Event.Source, c.Read.Id))
            .Select(group => group.MinBy(c => (c.Event.ReceivedAt, c.Partition, c.Position)))
            .Select(c => new FoldEvent(c.Read, c.Event.Source, EffectiveTime.Of(c.Read.OccurredAt, c.Read.SentAt, c.Event.ReceivedAt), c.Event.ReceivedAt, c.Partition, c.Position, c.Event.Keys))
            .Order(CanonicalOrder.Instance);
        return ProfileFold.Fold(events, definitions).ToByteString();
    }
}
