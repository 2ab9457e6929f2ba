using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>What a customer did with one product.</summary>
/// <param name="Hash">Hash of its id.</param>
/// <param name="ProductId">Its id.</param>
/// <param name="Views">Events that viewed it.</param>
/// <param name="Orders">Orders that have it.</param>
/// <param name="Quantity">Quantity ordered, in nanos.</param>
/// <param name="LastAt">Effective time of the newest event in microseconds since the epoch.</param>
internal readonly record struct ProductRow(ulong Hash, string ProductId, long Views, long Orders, Int128 Quantity, long LastAt);

/// <summary>
/// The products of a state, as its rows of ids and words: those with the smallest (hash, id), in that order. As with
/// <see cref="HashedMap{T,TEntry}"/>, what is dropped never comes back.
/// </summary>
internal static class ProductRows
{
    private const int WordsOfRow = 6;

    public static int Count(ProfileState state) => state.ProductIds.Count;

    public static ProductRow Get(ProfileState state, int at)
    {
        var words = state.ProductWords;
        int first = at * WordsOfRow;
        return new(words[first], state.ProductIds[at], (long)words[first + 1], (long)words[first + 2], Sums.Join((long)words[first + 4], words[first + 3]), (long)words[first + 5]);
    }

    public static ProductRow? Find(ProfileState state, ulong hash, string id) => PlaceOf(state, hash, id) is >= 0 and var at ? Get(state, at) : null;

    /// <summary>Adds to a product's row, or makes one where there is room.</summary>
    /// <returns>False where some product has no row.</returns>
    public static bool TryAdd(ProfileState state, in ProductRow added)
    {
        int at = PlaceOf(state, added.Hash, added.ProductId);
        if (at >= 0)
        {
            var known = Get(state, at);
            Span<ulong> sum = stackalloc ulong[WordsOfRow];
            Write(sum, added with
            {
                Views = known.Views + added.Views,
                Orders = known.Orders + added.Orders,
                Quantity = known.Quantity + added.Quantity,
                LastAt = Math.Max(known.LastAt, added.LastAt),
            });
            for (int i = 0; i < WordsOfRow; i++)
                state.ProductWords[(at * WordsOfRow) + i] = sum[i];
            return true;
        }

        at = ~at;
        if (at >= ProfileLimits.Products)
            return false;
        bool isFull = Count(state) >= ProfileLimits.Products;
        if (isFull)
        {
            Rows.Remove(state.ProductWords, Count(state) - 1, WordsOfRow);
            Rows.Remove(state.ProductIds, Count(state) - 1, 1);
        }

        Span<ulong> words = stackalloc ulong[WordsOfRow];
        Write(words, added);
        Rows.Insert(state.ProductWords, at, words);
        Rows.Insert(state.ProductIds, at, [SharedNames.Of(added.ProductId)]);
        return !isFull;
    }

    private static void Write(Span<ulong> words, in ProductRow row)
    {
        words[0] = row.Hash;
        words[1] = (ulong)row.Views;
        words[2] = (ulong)row.Orders;
        words[3] = Sums.Low(row.Quantity);
        words[4] = (ulong)Sums.High(row.Quantity);
        words[5] = (ulong)row.LastAt;
    }

    /// <summary>Number of a product's row; the complement of where it would stand when it has none.</summary>
    private static int PlaceOf(ProfileState state, ulong hash, string id) =>
        Sorted.Find(Count(state), (state, hash, id), static (at, key) =>
        {
            int order = key.state.ProductWords[at * WordsOfRow].CompareTo(key.hash);
            return order != 0 ? order : string.CompareOrdinal(key.state.ProductIds[at], key.id);
        });
}
