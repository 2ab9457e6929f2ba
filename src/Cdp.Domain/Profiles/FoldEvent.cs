using Cdp.State.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>An event as it is folded.</summary>
/// <param name="Event">What the fold takes of it. Never changed, and parts of it are kept.</param>
/// <param name="Source">Its source, or the source of the API key that sent it.</param>
/// <param name="EffectiveAt">Effective time in microseconds since the epoch.</param>
/// <param name="ReceivedAt">Receipt in microseconds since the epoch.</param>
/// <param name="Partition">Where it stands in the log.</param>
/// <param name="Position">Its position there.</param>
/// <param name="Keys">Keys of its usable identifiers.</param>
public readonly record struct FoldEvent(
    FoldedEvent Event, string Source, long EffectiveAt, long ReceivedAt, int Partition, long Position, RepeatedField<IdentifierKey> Keys)
{
    /// <summary>Its source, as the instance that other customers have.</summary>
    public string Source { get; init; } = SharedNames.Of(Source);

    /// <summary>Its context bears Global Privacy Control.</summary>
    public bool Gpc { get; init; }

    internal OrderKey Key => new(EffectiveAt, Source, new KeptId(Event.Id));
}

/// <summary>The canonical order of a customer's events: effective time, then source, then id (both by UTF-16 code units).</summary>
public sealed class CanonicalOrder : IComparer<FoldEvent>
{
    private CanonicalOrder()
    {
    }

    /// <summary>The order.</summary>
    public static CanonicalOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(FoldEvent x, FoldEvent y)
    {
        // As their keys compare, which most pairs need not be given.
        int byTime = x.EffectiveAt.CompareTo(y.EffectiveAt);
        return byTime != 0 ? byTime : x.Key.CompareTo(y.Key);
    }
}
