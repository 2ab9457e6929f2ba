using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>Place of an event in the canonical order.</summary>
internal readonly struct OrderKey(long at, string source, KeptId id) : IComparable<OrderKey>, IEquatable<OrderKey>
{
    public OrderKey(EventKey key)
        : this(key.At, key.Source, new KeptId(key))
    {
    }

    public long At { get; } = at;

    public string Source { get; } = source;

    public KeptId Id { get; } = id;

    public static bool operator <(OrderKey left, OrderKey right) => left.CompareTo(right) < 0;

    public static bool operator >(OrderKey left, OrderKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(OrderKey left, OrderKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(OrderKey left, OrderKey right) => left.CompareTo(right) >= 0;

    public bool Equals(OrderKey other) => CompareTo(other) == 0;

    public override bool Equals(object? obj) => obj is OrderKey other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(At, Source, Id.ToString());

    public int CompareTo(OrderKey other)
    {
        int byTime = At.CompareTo(other.At);
        if (byTime != 0)
            return byTime;
        int bySource = string.CompareOrdinal(Source, other.Source);
        return bySource != 0 ? bySource : KeptId.Compare(Id, other.Id);
    }

    /// <summary>Puts this key into <paramref name="key"/>, or into a new one.</summary>
    public EventKey Into(EventKey? key)
    {
        key ??= new EventKey();
        key.At = At;
        key.Source = Source;
        Id.PutInto(key);
        return key;
    }

    /// <summary>The earlier of a known key, if any, and this one.</summary>
    public EventKey Earliest(EventKey? known) => known is null || this < new OrderKey(known) ? Into(known) : known;

    /// <summary>The later of a known key, if any, and this one.</summary>
    public EventKey Latest(EventKey? known) => known is null || this > new OrderKey(known) ? Into(known) : known;
}
