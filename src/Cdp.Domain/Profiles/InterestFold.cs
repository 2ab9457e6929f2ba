using Cdp.Domain.Tenants;
using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>
/// Interest scores with exponential decay. Time is cut into epochs of one half-life; within an epoch every event adds
/// weight × 2^(part of the epoch passed) as an integer, so that sums are exact in any order, and a read weighs each
/// epoch's sum by its age. Epochs more than 16 half-lives behind the newest are left out.
/// </summary>
internal static class InterestFold
{
    private const int FractionBits = 24;

    // ln(2)^k / k!: the series of 2^x. Only IEEE 754 additions and multiplications, so every machine computes the same.
    private static readonly double[] Series =
    [
        1, 0.6931471805599453, 0.2402265069591007, 0.05550410866482158, 0.009618129107628477, 0.0013333558146428443,
        0.0001540353039338161, 1.5252733804059841e-05, 1.3215486790144307e-06, 1.0178086009239699e-07, 7.054911620801122e-09,
        4.445538271870811e-10,
    ];

    public static void Absorb(ProfileState state, in FoldEvent e, in EventFacts facts, Definitions definitions)
    {
        int weight = facts.Meaning.InterestWeight;
        if (weight == 0)
            return;
        if (facts.Category is { } own)
        {
            Add(state, own, e.EffectiveAt, weight, definitions);
            return;
        }

        if (facts.Items is not { Count: > 0 } items)
            return;
        HashSet<string>? seen = null;
        string? previous = null;
        foreach (var item in items)
        {
            if (item.Category is not { } category || string.Equals(category, previous, StringComparison.Ordinal))
                continue;
            if (previous is not null)
            {
                seen ??= new HashSet<string>(StringComparer.Ordinal) { previous };
                if (!seen.Add(category))
                    continue;
            }

            previous = category;
            Add(state, category, e.EffectiveAt, weight, definitions);
        }
    }

    public static void Absorb(ProfileState into, ProfileState other)
    {
        foreach (var from in other.Interests)
        {
            if (EntryOf(into, from.Hash, from.Category) is not { } entry)
                continue;
            for (int i = 0; i < from.Sums.Count; i++)
                AddToEpoch(entry, from.NewestEpoch - i, from.Sums[i]);
        }
    }

    /// <summary>The score at a moment.</summary>
    public static double ScoreAt(InterestState entry, long nowMicros, long halfLifeMicros)
    {
        double score = 0;
        for (int i = 0; i < entry.Sums.Count; i++)
            score += entry.Sums[i] * Math.Pow(2, entry.NewestEpoch - i - (nowMicros / (double)halfLifeMicros));
        return score / (1 << FractionBits);
    }

    /// <summary>The score at the newest epoch of all, in an arbitrary unit: what scores have in proportion to each other.</summary>
    public static double WeightOf(InterestState entry, long newestEpoch)
    {
        double weight = 0;
        for (int i = 0; i < entry.Sums.Count; i++)
            weight += Math.ScaleB(entry.Sums[i], (int)Math.Max(entry.NewestEpoch - i - newestEpoch, int.MinValue / 2));
        return weight;
    }

    private static void Add(ProfileState state, string category, long at, int weight, Definitions definitions)
    {
        category = NameHash.Shortened(category, ProfileLimits.CategoryBytes);
        long halfLife = definitions.InterestHalfLifeMicros;
        long epoch = Math.DivRem(at, halfLife, out long passed);
        if (passed < 0)
        {
            epoch--;
            passed += halfLife;
        }

        if (EntryOf(state, NameHash.Of(category), category) is { } entry)
            AddToEpoch(entry, epoch, Scaled(weight, passed / (double)halfLife));
    }

    private static ulong Scaled(int weight, double part)
    {
        double power = 0;
        for (int k = Series.Length - 1; k >= 0; k--)
            power = (power * part) + Series[k];
        return (ulong)((weight * power * (1 << FractionBits)) + 0.5);
    }

    private static InterestState? EntryOf(ProfileState state, ulong hash, string category) =>
        HashedMap<InterestState, InterestEntry>.GetOrAdd(state.Interests, hash, category, ProfileLimits.Categories, out _);

    // Sums has no zero at its end, so that equal sums have equal bytes.
    private static void AddToEpoch(InterestState entry, long epoch, ulong amount)
    {
        // Between two epochs of another customer's sums there may be none.
        if (amount == 0)
            return;
        var sums = entry.Sums;
        if (sums.Count == 0)
        {
            sums.Capacity = 1;
            entry.NewestEpoch = epoch;
            sums.Add(amount);
            return;
        }

        if (epoch > entry.NewestEpoch)
            Advance(entry, epoch);
        long behind = entry.NewestEpoch - epoch;
        if (behind >= ProfileLimits.InterestEpochs)
            return;
        while (sums.Count <= behind)
            sums.Add(0);
        sums[(int)behind] += amount;
    }

    private static void Advance(InterestState entry, long epoch)
    {
        long steps = Math.Min(epoch - entry.NewestEpoch, ProfileLimits.InterestEpochs);
        entry.NewestEpoch = epoch;
        for (long i = 0; i < steps; i++)
            entry.Sums.Insert(0, 0);
        while (entry.Sums.Count > ProfileLimits.InterestEpochs || (entry.Sums.Count > 0 && entry.Sums[^1] == 0))
            entry.Sums.RemoveAt(entry.Sums.Count - 1);
    }
}
