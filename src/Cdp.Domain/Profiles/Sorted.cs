using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>Lists that are kept in an order.</summary>
internal static class Sorted
{
    /// <summary>Index of what a key finds; the complement of where it would stand when it is not there.</summary>
    /// <param name="entries">In ascending order.</param>
    /// <param name="key">The key.</param>
    /// <param name="compare">Where an entry stands to the key; static, so that nothing is allocated.</param>
    public static int Find<T, TKey>(RepeatedField<T> entries, TKey key, Func<T, TKey, int> compare) =>
        Find(entries.Count, (entries, key, compare), static (at, search) => search.compare(search.entries[at], search.key));

    /// <summary>The same for what has numbers instead of entries.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="key">The key.</param>
    /// <param name="compare">Where the one of a number stands to the key; static.</param>
    public static int Find<TKey>(int count, TKey key, Func<int, TKey, int> compare)
    {
        int low = 0;
        int high = count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = compare(middle, key);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }

    /// <summary>The same for hashes.</summary>
    public static int Find(RepeatedField<ulong> hashes, ulong hash) => Find(hashes, hash, static (entry, key) => entry.CompareTo(key));
}
