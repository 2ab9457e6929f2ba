using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>Lists that are kept in an order.</summary>
internal static class Sorted
{
    /// <summary>Index of what a key finds; the complement of where it would stand when it is not there.</summary>
    /// <param name="entries">In ascending order.</param>
    /// <param name="key">The key.</param>
    /// <param name="compare">Where an entry stands to the key; static, so that nothing is allocated.</param>
    public static int Find<T, TKey>(RepeatedField<T> entries, TKey key, Func<T, TKey, int> compare)
    {
        int low = 0;
        int high = entries.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = compare(entries[middle], key);
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
