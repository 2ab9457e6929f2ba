using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>A whole event at its place, as the oracles see it; the fold is given what it reads of the event's bytes.</summary>
internal readonly record struct Occurrence(Event Event, string Source, long EffectiveAt, long ReceivedAt, int Partition, long Position)
{
    /// <summary>The canonical order of the events.</summary>
    public static IComparer<Occurrence> Canonical { get; } =
        Comparer<Occurrence>.Create(static (a, b) => CanonicalOrder.Instance.Compare(a.Place, b.Place));

    private FoldEvent Place => new(new FoldedEvent { Id = Event.Id }, Source, EffectiveAt, ReceivedAt, Partition, Position, []);

    public static implicit operator FoldEvent(Occurrence o) =>
        new(EventReader.ForFold(o.Event.ToByteArray()), o.Source, o.EffectiveAt, o.ReceivedAt, o.Partition, o.Position,
            new RepeatedField<IdentifierKey> { o.Event.Identifiers.Select(static identifier => new IdentifierKey { Key = $"{identifier.Namespace}/1.1/{identifier.Value}" }) });
}
