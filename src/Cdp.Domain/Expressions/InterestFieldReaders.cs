using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.State.V1;

namespace Cdp.Domain.Expressions;

/// <summary>
/// Readers of interests. All scores decay alike, so their proportions do not change by time: shares and the top category
/// move by events alone.
/// </summary>
internal static class InterestFieldReaders
{
    /// <summary>The category with the highest score, the first by name of equals; missing without any.</summary>
    public static Operand Top(in Subject subject)
    {
        var interests = subject.Profile.Interests;
        long newest = NewestEpoch(subject.Profile);
        InterestState? top = null;
        double most = 0;
        for (int i = 0; i < interests.Count; i++)
        {
            var entry = interests[i];
            double weight = InterestFold.WeightOf(entry, newest);
            if (top is not null && (weight < most || (weight.Equals(most) && string.CompareOrdinal(entry.Category, top.Category) > 0)))
                continue;
            (top, most) = (entry, weight);
        }

        return top is null ? default : Operand.Of(top.Category);
    }

    /// <summary>The category's part of all scores, 0 to 1; 0 where there are none.</summary>
    public static FieldReader Share(string[] names)
    {
        var find = Find(names[0]);
        return (in Subject subject) =>
        {
            if (find(subject.Profile) is not { } entry)
                return ProfileFieldReaders.NoneOr(HoldsAll(subject.Profile));
            long newest = NewestEpoch(subject.Profile);
            double all = 0;
            for (int i = 0; i < subject.Profile.Interests.Count; i++)
                all += InterestFold.WeightOf(subject.Profile.Interests[i], newest);
            return all > 0 ? OfDouble(InterestFold.WeightOf(entry, newest) / all) : Operand.Integer(0);
        };
    }

    /// <summary>The score at the present moment.</summary>
    public static FieldReader Score(string[] names)
    {
        var find = Find(names[0]);
        return (in Subject subject) => find(subject.Profile) is { } entry
            ? OfDouble(InterestFold.ScoreAt(entry, subject.NowMicros, subject.InterestHalfLifeMicros))
            : ProfileFieldReaders.NoneOr(HoldsAll(subject.Profile));
    }

    private static Func<ProfileState, InterestState?> Find(string category)
    {
        string name = NameHash.Shortened(category, ProfileLimits.CategoryBytes);
        ulong hash = NameHash.Of(name);
        return profile => HashedMap<InterestState, InterestEntry>.Get(profile.Interests, hash, name);
    }

    private static bool HoldsAll(ProfileState profile) => profile.Interests.Count < ProfileLimits.Categories;

    private static long NewestEpoch(ProfileState profile)
    {
        long newest = long.MinValue;
        for (int i = 0; i < profile.Interests.Count; i++)
            newest = Math.Max(newest, profile.Interests[i].NewestEpoch);
        return newest;
    }

    private static Operand OfDouble(double value) => Decimals.TryFromDouble(value, out var nanos) ? Operand.Number(nanos) : default;
}
