using Cdp.State.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>How <see cref="HashedMap{T,TEntry}"/> reads and makes an entry.</summary>
internal interface IHashedEntry<T>
{
    static abstract ulong Hash(T entry);

    static abstract string Name(T entry);

    static abstract T New(ulong hash, string name);
}

/// <summary>
/// A map of bounded size in a repeated field: the entries with the smallest (hash, name), in that order. What is dropped
/// never comes back, since the entries that are smaller stay, so every entry held is complete whatever the order of arrival.
/// </summary>
internal static class HashedMap<T, TEntry>
    where T : class
    where TEntry : struct, IHashedEntry<T>
{
    /// <summary>Finds or makes the entry of a name.</summary>
    /// <param name="entries">The map.</param>
    /// <param name="hash">Hash of the name.</param>
    /// <param name="name">The name.</param>
    /// <param name="capacity">Most entries.</param>
    /// <param name="dropped">The entry that had to go, if any.</param>
    /// <returns>The entry; null where there is no room for it.</returns>
    public static T? GetOrAdd(RepeatedField<T> entries, ulong hash, string name, int capacity, out T? dropped)
    {
        dropped = null;
        int at = Find(entries, hash, name);
        if (at >= 0)
            return entries[at];
        at = ~at;
        if (at >= capacity)
            return null;
        if (entries.Count >= capacity)
        {
            dropped = entries[^1];
            entries.RemoveAt(entries.Count - 1);
        }

        // Most customers have one or two of each; a list left to itself begins with room for eight.
        if (entries.Count == 0)
            entries.Capacity = 2;
        var entry = TEntry.New(hash, SharedNames.Of(name));
        entries.Insert(at, entry);
        return entry;
    }

    /// <summary>The entry of a name; null where there is none.</summary>
    public static T? Get(RepeatedField<T> entries, ulong hash, string name) => Find(entries, hash, name) is >= 0 and var at ? entries[at] : null;

    private static int Find(RepeatedField<T> entries, ulong hash, string name) =>
        Sorted.Find(entries, (hash, name), static (entry, key) => Compare(entry, key.hash, key.name));

    private static int Compare(T entry, ulong hash, string name)
    {
        int order = TEntry.Hash(entry).CompareTo(hash);
        return order != 0 ? order : string.CompareOrdinal(TEntry.Name(entry), name);
    }
}

internal readonly struct TypeEntry : IHashedEntry<TypeState>
{
    public static ulong Hash(TypeState entry) => entry.Hash;

    public static string Name(TypeState entry) => entry.Type;

    public static TypeState New(ulong hash, string name) => new() { Hash = hash, Type = name };
}

internal readonly struct ChannelEntry : IHashedEntry<ChannelState>
{
    public static ulong Hash(ChannelState entry) => entry.Hash;

    public static string Name(ChannelState entry) => entry.Channel;

    public static ChannelState New(ulong hash, string name) => new() { Hash = hash, Channel = name };
}

internal readonly struct IdentifierEntry : IHashedEntry<IdentifierState>
{
    public static ulong Hash(IdentifierState entry) => entry.Hash;

    public static string Name(IdentifierState entry) => entry.Namespace;

    public static IdentifierState New(ulong hash, string name) => new() { Hash = hash, Namespace = name, LastAt = long.MinValue };
}

internal readonly struct InterestEntry : IHashedEntry<InterestState>
{
    public static ulong Hash(InterestState entry) => entry.Hash;

    public static string Name(InterestState entry) => entry.Category;

    public static InterestState New(ulong hash, string name) => new() { Hash = hash, Category = name };
}
