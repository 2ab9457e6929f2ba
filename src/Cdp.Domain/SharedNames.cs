using Cdp.V1;

namespace Cdp.Domain;

/// <summary>
/// Shares equal names and values (event types, sources, products, categories, plans) among all who keep them: what a million
/// customers have in common is held once, and by then is old, so that who takes it over makes no old object point to a young
/// one. A fixed number of slots; a name gets its slot when it comes a second time, so that what is unique, an order's number
/// say, is never held here. Thread-safe without locks; changes no value.
/// </summary>
public static class SharedNames
{
    /// <summary>Longest name that is shared, in UTF-16 code units.</summary>
    private const int Longest = 64;

    private static readonly Pool<string> Names = new(static name => name);
    private static readonly Pool<Value> Texts = new(static text => text.StringValue);

    /// <summary>The name, as the instance that others have where there is one.</summary>
    /// <param name="name">The name.</param>
    public static string Of(string name)
    {
        if (name.Length is 0 or > Longest)
            return name;
        return Names.Find(name, out int hash) ?? Names.Note(name, hash);
    }

    /// <summary>A name as a string: the instance that others have where there is one, else a new one.</summary>
    /// <param name="name">The name.</param>
    public static string Of(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > Longest)
            return name.ToString();
        return Names.Find(name, out int hash) ?? Names.Note(name.ToString(), hash);
    }

    /// <summary>The value; where it is a text, as the instance that others have where there is one. It is not to be changed.</summary>
    /// <param name="value">The value.</param>
    public static Value Of(Value value)
    {
        if (value.KindCase != Value.KindOneofCase.StringValue || value.StringValue.Length is 0 or > Longest)
            return value;
        return Texts.Find(value.StringValue, out int hash) ?? Texts.Note(value, hash);
    }

    /// <summary>Slots for what has names.</summary>
    private sealed class Pool<T>(Func<T, string> nameOf)
        where T : class
    {
        private const int Slots = 1 << 14;

        private readonly T?[] _shared = new T?[Slots];

        // The hash that fell into a slot last. A number: an old array that pointed to every young name would keep it alive.
        private readonly int[] _seen = new int[Slots];

        // String hashes are seeded per process: a sender cannot aim its names at one slot.
        public T? Find(ReadOnlySpan<char> name, out int hash)
        {
            hash = string.GetHashCode(name, StringComparison.Ordinal);
            return Volatile.Read(ref _shared[hash & (Slots - 1)]) is { } known && name.SequenceEqual(nameOf(known)) ? known : null;
        }

        public T Note(T named, int hash)
        {
            ref int seen = ref _seen[hash & (Slots - 1)];
            if (seen == hash)
                Volatile.Write(ref _shared[hash & (Slots - 1)], named);
            else
                seen = hash;
            return named;
        }
    }
}
