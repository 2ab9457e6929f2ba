using Cdp.State.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>Shares the names and values of a profile that was read from bytes, each of which came as a string of its own.</summary>
public static class ProfileNames
{
    /// <summary>Replaces strings by equal ones; the profile stays as it is.</summary>
    /// <param name="state">The profile.</param>
    public static void Share(ProfileState state)
    {
        if (state.FirstSeen is { } first)
        {
            Share(first.Key);
            first.Channel = SharedNames.Of(first.Channel);
        }

        foreach (var type in state.Types_)
        {
            type.Type = SharedNames.Of(type.Type);
            Share(type.Sums);
        }

        if (state.OtherTypes is { } others)
            Share(others.Sums);
        foreach (var channel in state.Channels)
            channel.Channel = SharedNames.Of(channel.Channel);
        foreach (var monetary in state.Monetary)
            monetary.CurrencyCode = SharedNames.Of(monetary.CurrencyCode);
        Share(state.RecentNames);
        foreach (var interest in state.Interests)
            interest.Category = SharedNames.Of(interest.Category);
        Share(state.ProductIds);
        foreach (var trait in state.Traits)
            Share(trait);
        foreach (var identifier in state.Identifiers)
            identifier.Namespace = SharedNames.Of(identifier.Namespace);
        foreach (var consent in state.Consents)
        {
            Share(consent.Key);
            consent.Name = SharedNames.Of(consent.Name);
            consent.SaidOn = SharedNames.Of(consent.SaidOn);
        }

        Share(state.Restriction);
    }

    private static void Share(TraitState trait)
    {
        trait.Name = SharedNames.Of(trait.Name);
        Share(trait.Assigned);
        Share(trait.FirstOnce);
        Share(trait.LastOnce);
        Share(trait.FirstAdd);
        Share(trait.LastAdd);
        if (trait.Value is { } value)
            trait.Value = SharedNames.Of(value);
        if (trait.OnceValue is { } once)
            trait.OnceValue = SharedNames.Of(once);
    }

    private static void Share(RepeatedField<string> names)
    {
        for (int i = 0; i < names.Count; i++)
            names[i] = SharedNames.Of(names[i]);
    }

    private static void Share(RepeatedField<CurrencySum> sums)
    {
        foreach (var sum in sums)
            sum.CurrencyCode = SharedNames.Of(sum.CurrencyCode);
    }

    private static void Share(EventKey? key)
    {
        if (key is not null)
            key.Source = SharedNames.Of(key.Source);
    }
}
