using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Profiles;

/// <summary>Renders a profile state as a purpose may see it.</summary>
public static class ProfileView
{
    /// <summary>Reason of a withheld field: the purpose of the read may not see it.</summary>
    public const string PurposeReason = "PURPOSE";

    /// <summary>Renders the fields that the view asks for. Identifiers are not part of the state: the caller adds them.</summary>
    /// <param name="state">The state. Parts of it that never change are shared with the result.</param>
    /// <param name="view">What to show, see <see cref="Definitions.View"/>.</param>
    /// <param name="definitions">The definitions under which the state was folded.</param>
    /// <param name="customerId">The customer.</param>
    /// <param name="version">Number of history entries that the state reflects.</param>
    /// <param name="status">STALE while the customer is being folded again, else OK.</param>
    /// <param name="nowMicros">The time of the read in microseconds since the epoch: interest scores decay up to it.</param>
    public static Profile Render(
        ProfileState state, CompiledView view, Definitions definitions, string customerId, long version, ValueStatus status, long nowMicros)
    {
        var profile = new Profile { CustomerId = customerId, Version = version, Status = status };
        foreach (string field in view.Withheld)
            profile.Withheld.Add(Withhold(field));
        if (view.Traits.IsAsked)
            AddTraits(profile, state, view.Traits, status);
        if (view.Activity == FieldAccess.Visible)
            profile.Activity = ActivityOf(state);
        if (view.Monetary == FieldAccess.Visible)
            AddMonetary(profile, state);
        if (view.Sessions == FieldAccess.Visible)
            profile.Sessions = SessionsOf(state);
        if (view.Interests == FieldAccess.Visible)
            AddInterests(profile, state, nowMicros, definitions.InterestHalfLifeMicros);
        if (view.Products == FieldAccess.Visible)
            profile.Products = ProductsOf(state);
        if (view.RecentEvents == FieldAccess.Visible)
            AddRecent(profile, state);
        return profile;
    }

    /// <summary>A profile of which nothing is shown, since the customer does not allow the purpose.</summary>
    public static Profile Withhold(CompiledView view, string customerId, long version, ValueStatus status)
    {
        var profile = new Profile { CustomerId = customerId, Version = version, Status = status };
        foreach (string field in view.Fields.Distinct(StringComparer.Ordinal))
            profile.Withheld.Add(new Withheld { Field = field, Reason = Consent.ConsentRules.WithheldReason });
        return profile;
    }

    private static Withheld Withhold(string field) => new() { Field = field, Reason = PurposeReason };

    private static Timestamp Time(long micros) => new() { UnixMicros = micros };

    private static void AddTraits(Profile profile, ProfileState state, FieldGroup access, ValueStatus status)
    {
        foreach (var trait in state.Traits)
        {
            bool visible = access.Of(trait.Name) == FieldAccess.Visible;
            if ((!visible && !access.NamesAsWithheld(trait.Name)) || !TraitFold.TryGetValue(trait, out var value, out var from))
                continue;
            if (!visible)
            {
                profile.Withheld.Add(Withhold(ProfileFields.TraitPrefix + trait.Name));
                continue;
            }

            profile.Traits.Add(new Trait
            {
                Name = trait.Name,
                Value = value,
                Source = from.Source,
                AsOf = Time(from.At),
                Confidence = 1,
                Status = status,
            });
        }
    }

    private static Activity ActivityOf(ProfileState state)
    {
        var activity = new Activity { EventCount = state.EventCount };
        if (state.FirstSeen is { } first)
        {
            activity.FirstSeen = Time(first.Key.At);
            activity.FirstChannel = first.Channel;
        }

        if (RecentFold.Newest(state) is { } last)
        {
            activity.LastSeen = Time(last.EffectiveAt);
            activity.LastChannel = last.Channel;
        }

        foreach (var type in state.Types_)
            activity.Types_.Add(TypeOf(type));
        if (state.OtherTypes is { } other)
            activity.Other = TypeOf(other);
        foreach (var channel in state.Channels)
            activity.Channels.Add(new ChannelActivity { Channel = channel.Channel, Count = channel.Count });
        if (state.OtherChannels > 0)
            activity.Channels.Add(new ChannelActivity { Count = state.OtherChannels });
        return activity;
    }

    private static TypeActivity TypeOf(TypeState state)
    {
        var type = new TypeActivity { Type = state.Type, Count = state.Count };
        foreach (var sum in state.Sums)
            type.Sums.Add(MoneyOf(sum.CurrencyCode, Sums.Of(sum)));
        return type;
    }

    private static Money MoneyOf(string currency, Int128 nanos) => new() { CurrencyCode = currency, Amount = Decimals.Format(nanos) };

    private static void AddMonetary(Profile profile, ProfileState state)
    {
        foreach (var entry in state.Monetary)
        {
            var gross = MonetaryFold.Gross(entry);
            var refunded = MonetaryFold.Refunded(entry);
            profile.Monetary.Add(new Monetary
            {
                CurrencyCode = entry.CurrencyCode,
                Orders = entry.Orders,
                Refunds = entry.Refunds,
                GrossRevenue = MoneyOf(entry.CurrencyCode, gross),
                Refunded = MoneyOf(entry.CurrencyCode, refunded),
                NetRevenue = MoneyOf(entry.CurrencyCode, gross - refunded),
                FirstOrder = entry.HasFirstOrder ? Time(entry.FirstOrder) : null,
                LastOrder = entry.HasLastOrder ? Time(entry.LastOrder) : null,
            });
        }
    }

    private static Sessions SessionsOf(ProfileState state)
    {
        var sessions = new Sessions { Count = state.OlderSessions + state.Sessions.Count };
        if (state.Sessions.Count > 0)
        {
            var last = state.Sessions[^1];
            sessions.LastStart = Time(last.Start);
            sessions.LastEnd = Time(last.End);
            sessions.LastEventCount = last.Events;
        }

        return sessions;
    }

    private static void AddInterests(Profile profile, ProfileState state, long nowMicros, long halfLifeMicros)
    {
        var interests = state.Interests
            .Select(entry => new Interest { Category = entry.Category, Score = InterestFold.ScoreAt(entry, nowMicros, halfLifeMicros) })
            .OrderByDescending(interest => interest.Score)
            .ThenBy(interest => interest.Category, StringComparer.Ordinal);
        profile.Interests.AddRange(interests);
    }

    private static Products ProductsOf(ProfileState state)
    {
        var products = new Products
        {
            DistinctOrdered = ProductFold.DistinctOrdered(state),
            Approximate = state.MoreOrderedProducts,
        };
        var top = Enumerable.Range(0, ProductRows.Count(state))
            .Select(at => ProductRows.Get(state, at))
            .OrderByDescending(entry => entry.Orders)
            .ThenByDescending(entry => entry.Quantity)
            .ThenByDescending(entry => entry.Views)
            .ThenBy(entry => entry.ProductId, StringComparer.Ordinal)
            .Take(ProfileLimits.TopProducts);
        foreach (var entry in top)
        {
            products.Top.Add(new ProductAffinity
            {
                ProductId = entry.ProductId,
                Views = entry.Views,
                Orders = entry.Orders,
                Quantity = Decimals.Format(entry.Quantity),
                LastAt = Time(entry.LastAt),
            });
        }

        return products;
    }

    private static void AddRecent(Profile profile, ProfileState state)
    {
        for (int i = RecentEvents.Count(state) - 1; i >= 0; i--)
        {
            var entry = RecentEvents.Get(state, i);
            profile.RecentEvents.Add(new RecentEvent
            {
                Id = entry.Id.ToString(),
                Source = entry.Source,
                Type = entry.Type,
                Channel = entry.Channel,
                EffectiveAt = Time(entry.EffectiveAt),
                Partition = entry.Partition,
                Position = entry.Position,
            });
        }
    }
}
