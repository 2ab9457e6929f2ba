using System.Text;
using Cdp.Domain.Events;
using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Grains.Customers;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cdp.Grains.Erasures;

/// <summary>
/// Erases the refused events of a person, which came to no customer: those whose identifiers are the person's, and, of what cannot
/// be read as an event, what contains the value of one.
/// </summary>
internal sealed class RefusedEvents(IEventLog log, IHistory history, Definitions definitions)
{
    /// <summary>Shorter values are met by chance.</summary>
    private const int ShortestText = 4;

    private const int AtOnce = 256;

    private readonly IdentifierResolver _resolver = new(definitions.Config, new IdentifierCache(1));

    /// <summary>Erases them; returns their number.</summary>
    /// <param name="keys">IdentifierKey.key of the person's identifiers.</param>
    /// <param name="values">Their values.</param>
    /// <param name="cancellationToken">Cancels the calls.</param>
    public async ValueTask<int> EraseAsync(IReadOnlySet<string> keys, IEnumerable<string> values, CancellationToken cancellationToken)
    {
        var texts = values.Where(value => value.Length >= ShortestText).ToArray();
        var erased = 0;
        for (var partition = 0; partition < log.Partitions; partition++)
        {
            var places = new HashSet<(int, long)>();
            await foreach (var (letter, _) in DeadLetters.ReadAsync(history, definitions.Tenant, partition, 0, cancellationToken)) places.Add((letter.Partition, letter.Position));
            foreach (var chunk in places.Chunk(AtOnce)) erased += await EraseAsync(chunk, keys, texts, cancellationToken);
        }

        return erased;
    }

    private async ValueTask<int> EraseAsync((int Partition, long Position)[] places, IReadOnlySet<string> keys, string[] texts, CancellationToken cancellationToken)
    {
        var records = await log.ReadManyAsync(places, cancellationToken);
        var erasing = new List<Task<bool>>();
        for (var i = 0; i < places.Length; i++)
        {
            if (records[i] is not { } record || !record.Flags.HasFlag(LogRecordFlags.Refused) || record.Flags.HasFlag(LogRecordFlags.Blanked)) continue;
            if (IsOf(LoggedEvent.Parser.ParseFrom(record.Payload.Span).Refused?.Raw ?? ByteString.Empty, keys, texts))
                erasing.Add(ErasedEvents.EraseWhollyAsync(log, places[i].Partition, places[i].Position, cancellationToken).AsTask());
        }

        return (await Task.WhenAll(erasing)).Count(static erased => erased);
    }

    private bool IsOf(ByteString raw, IReadOnlySet<string> keys, string[] texts)
    {
        var text = Encoding.UTF8.GetString(raw.Span);
        return Array.Exists(texts, value => text.Contains(value, StringComparison.OrdinalIgnoreCase)) || IdentifiersOf(raw).Any(IsKnown);

        bool IsKnown(Identifier identifier) => _resolver.Resolve(identifier.Namespace, identifier.Value) is { IsUsable: true } resolved && keys.Contains(resolved.Key);
    }

    private static RepeatedField<Identifier> IdentifiersOf(ByteString raw) => EventReader.TryHead(raw.Span)?.Identifiers ?? [];
}
