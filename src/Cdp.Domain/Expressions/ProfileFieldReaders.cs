using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.State.V1;

namespace Cdp.Domain.Expressions;

/// <summary>
/// Readers of traits, counts and times. What did not happen counts zero, unless the profile is too full to tell: then it
/// is missing.
/// </summary>
internal static class ProfileFieldReaders
{
    public static FieldReader Trait(string[] names)
    {
        string name = names[0];
        string[] path = names[1..];
        return (in Subject subject) =>
        {
            var traits = subject.Profile.Traits;
            int at = TraitFold.Find(traits, name);
            if (at < 0 || !TraitFold.TryGetParts(traits[at], out var value, out var sum, out _))
                return default;
            if (sum is { } number)
                return path.Length == 0 ? Operand.Number(number) : default;
            return Operand.Of(Values.Into(value, path));
        };
    }

    public static Operand FirstSeen(in Subject subject) => subject.Profile.FirstSeen is { } seen ? Operand.Moment(seen.Key.At) : default;

    public static Operand LastSeen(in Subject subject) => RecentFold.Newest(subject.Profile) is { } newest ? Operand.Moment(newest.EffectiveAt) : default;

    public static Operand FirstChannel(in Subject subject) => ChannelOf(subject.Profile.FirstSeen?.Channel);

    public static Operand LastChannel(in Subject subject) => ChannelOf(RecentFold.Newest(subject.Profile)?.Channel);

    public static Operand EventCount(in Subject subject) => Operand.Integer(subject.Profile.EventCount);

    public static FieldReader TypeCount(string[] names)
    {
        var find = Type(names[0]);
        return (in Subject subject) => find(subject.Profile) is { } type ? Operand.Integer(type.Count) : NoneOr(subject.Profile.OtherTypes is null);
    }

    public static FieldReader TypeSum(string[] names)
    {
        var find = Type(names[0]);
        string currency = names[1];
        return (in Subject subject) =>
        {
            var type = find(subject.Profile);
            if (type is null)
                return subject.Profile.OtherTypes is null ? Operand.Money(0, currency) : default;
            for (int i = 0; i < type.Sums.Count; i++)
            {
                if (string.Equals(type.Sums[i].CurrencyCode, currency, StringComparison.Ordinal))
                    return Operand.Money(Sums.Of(type.Sums[i]), currency);
            }

            return type.Sums.Count < ProfileLimits.CurrenciesOfType ? Operand.Money(0, currency) : default;
        };
    }

    public static FieldReader ChannelCount(string[] names)
    {
        string name = NameHash.Shortened(names[0], ProfileLimits.ChannelBytes);
        ulong hash = NameHash.Of(name);
        return (in Subject subject) => HashedMap<ChannelState, ChannelEntry>.Get(subject.Profile.Channels, hash, name) is { } channel
            ? Operand.Integer(channel.Count)
            : NoneOr(subject.Profile.OtherChannels == 0);
    }

    public static FieldReader HasIdentifier(string[] names)
    {
        var find = Identifier(names[0]);
        return (in Subject subject) => find(subject.Profile) is not null
            ? Operand.Of(true)
            : subject.Profile.Identifiers.Count < ProfileLimits.Namespaces ? Operand.Of(false) : default;
    }

    public static FieldReader IdentifierSeen(string[] names)
    {
        var find = Identifier(names[0]);
        return (in Subject subject) => find(subject.Profile) is { } identifier ? Operand.Moment(identifier.LastAt) : default;
    }

    public static Operand SessionCount(in Subject subject) => Operand.Integer(subject.Profile.OlderSessions + subject.Profile.Sessions.Count);

    public static Operand SessionStart(in Subject subject) => subject.Profile.Sessions is [.., var last] ? Operand.Moment(last.Start) : default;

    public static Operand SessionEnd(in Subject subject) => subject.Profile.Sessions is [.., var last] ? Operand.Moment(last.End) : default;

    public static Operand SessionEvents(in Subject subject) => subject.Profile.Sessions is [.., var last] ? Operand.Integer(last.Events) : default;

    /// <summary>Zero where a map holds all there is; missing where it may have dropped what is asked for.</summary>
    public static Operand NoneOr(bool isComplete) => isComplete ? Operand.Integer(0) : default;

    private static Func<ProfileState, IdentifierState?> Identifier(string name)
    {
        ulong hash = NameHash.Of(name);
        return profile => HashedMap<IdentifierState, IdentifierEntry>.Get(profile.Identifiers, hash, name);
    }

    private static Func<ProfileState, TypeState?> Type(string type)
    {
        string name = NameHash.Shortened(type, ProfileLimits.TypeBytes);
        ulong hash = NameHash.Of(name);
        return profile => HashedMap<TypeState, TypeEntry>.Get(profile.Types_, hash, name);
    }

    private static Operand ChannelOf(string? channel) => channel is { Length: > 0 } ? Operand.Of(channel) : default;
}
