using Cdp.State.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>128-bit sums in two halves, and sums per currency.</summary>
internal static class Sums
{
    public static Int128 Join(long high, ulong low) => new((ulong)high, low);

    public static ulong Low(Int128 sum) => (ulong)(UInt128)sum;

    public static long High(Int128 sum) => (long)(ulong)((UInt128)sum >> 64);

    public static Int128 Of(CurrencySum sum) => Join(sum.High, sum.Low);

    /// <summary>Adds an amount to its currency's sum, where there is room for the currency.</summary>
    public static void Add(RepeatedField<CurrencySum> sums, string currency, Int128 amount, int capacity, string defaultCurrency)
    {
        int at = 0;
        for (; at < sums.Count; at++)
        {
            int order = string.CompareOrdinal(sums[at].CurrencyCode, currency);
            if (order == 0)
            {
                Set(sums[at], Of(sums[at]) + amount);
                return;
            }

            if (order > 0)
                break;
        }

        var sum = new CurrencySum { CurrencyCode = SharedNames.Of(currency) };
        Set(sum, amount);
        sums.Insert(at, sum);
        if (sums.Count > capacity)
            sums.RemoveAt(LastByRank(sums, entry => entry.CurrencyCode, defaultCurrency));
    }

    public static void AddAll(RepeatedField<CurrencySum> sums, RepeatedField<CurrencySum> others, int capacity, string defaultCurrency)
    {
        foreach (var other in others)
            Add(sums, other.CurrencyCode, Of(other), capacity, defaultCurrency);
    }

    /// <summary>Index of the currency that goes first: never the tenant's own, else the one with the largest hash.</summary>
    public static int LastByRank<T>(RepeatedField<T> entries, Func<T, string> currency, string defaultCurrency)
    {
        int last = -1;
        ulong lastHash = 0;
        for (int i = 0; i < entries.Count; i++)
        {
            string code = currency(entries[i]);
            if (string.Equals(code, defaultCurrency, StringComparison.Ordinal))
                continue;
            ulong hash = NameHash.Of(code);
            if (last < 0 || hash > lastHash)
            {
                last = i;
                lastHash = hash;
            }
        }

        return last;
    }

    private static void Set(CurrencySum sum, Int128 value)
    {
        sum.Low = Low(value);
        sum.High = High(value);
    }
}
