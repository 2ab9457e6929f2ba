using System.Globalization;
using Cdp.Domain.Profiles;
using Cdp.V1;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>The rendered profile against <see cref="NaiveProfile"/>.</summary>
public sealed class OracleTests
{
    private static readonly string[] AllFields = ["traits.*", "activity", "monetary", "sessions", "interests", "products", "recent_events"];

    [Fact]
    public void Activity_counts_and_sums_every_event() => Check(RandomEvents.Narrow, 100, (profile, naive) =>
    {
        var activity = profile.Activity;
        Assert.Equal(naive.Count, activity.EventCount);
        Assert.Equal(naive.Types.Order(), activity.Types_.Select(type => (type.Type, (int)type.Count, SumsOf(type))).Order());
        Assert.Equal(naive.Channels.Order(), activity.Channels.Select(channel => (channel.Channel, (int)channel.Count)).Order());
        Assert.Null(activity.Other);
        if (naive.Count == 0)
            return;
        Assert.Equal((naive.First.EffectiveAt, naive.First.Event.Channel), (activity.FirstSeen.UnixMicros, activity.FirstChannel));
        Assert.Equal((naive.Last.EffectiveAt, naive.Last.Event.Channel), (activity.LastSeen.UnixMicros, activity.LastChannel));
    });

    [Fact]
    public void Monetary_value_is_exact_per_currency() => Check(RandomEvents.Narrow, 100, (profile, naive) =>
    {
        var expected = naive.Monetary
            .Select(m => (m.Currency, m.Orders, m.Refunds, NaiveProfile.Text(m.Gross), NaiveProfile.Text(m.Refunded), NaiveProfile.Text(m.Gross - m.Refunded), m.FirstOrder, m.LastOrder));
        var actual = profile.Monetary
            .Select(m => (m.CurrencyCode, (int)m.Orders, (int)m.Refunds, m.GrossRevenue.Amount, m.Refunded.Amount, m.NetRevenue.Amount, m.FirstOrder?.UnixMicros, m.LastOrder?.UnixMicros));
        Assert.Equal(expected.Order(), actual.Order());
    });

    [Fact]
    public void Sessions_are_runs_without_a_longer_pause() => Check(RandomEvents.Narrow, 100, CheckSessions);

    [Fact]
    public void Sessions_are_counted_beyond_those_that_are_held() => Check(RandomEvents.Wide, 5, CheckSessions);

    [Fact]
    public void Traits_are_the_changes_applied_one_by_one() => Check(RandomEvents.Narrow, 150, (profile, naive) =>
    {
        var expected = naive.Traits.Select(trait => (trait.Key, Text(trait.Value.Value), trait.Value.Source, trait.Value.At));
        var actual = profile.Traits.Select(trait => (trait.Name, Text(NaiveProfile.Plain(trait.Value)), trait.Source, trait.AsOf.UnixMicros));
        Assert.Equal(expected.Order(), actual.Order());
    });

    [Fact]
    public void Recent_events_are_the_newest_hundred() => Check(RandomEvents.Wide, 5, (profile, naive) =>
        Assert.Equal(naive.NewestFirst, profile.RecentEvents.Select(e => e.Id)));

    [Fact]
    public void Interests_decay_exponentially() => Check(RandomEvents.Narrow, 100, (profile, naive) =>
    {
        var expected = naive.InterestsAt(Now);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), profile.Interests.Select(interest => interest.Category).Order(StringComparer.Ordinal));
        Assert.All(profile.Interests, interest => Assert.Equal(expected[interest.Category], interest.Score, expected[interest.Category] * 1e-6));
        Assert.Equal(profile.Interests.Select(interest => interest.Score).OrderDescending(), profile.Interests.Select(interest => interest.Score));
    });

    [Fact]
    public void Products_are_counted_once_an_event() => Check(RandomEvents.Narrow, 100, (profile, naive) =>
    {
        var expected = naive.Products.Select(p => (p.Product, p.Views, p.Orders, NaiveProfile.Text(p.Quantity), p.Last));
        var actual = profile.Products.Top.Select(p => (p.ProductId, (int)p.Views, (int)p.Orders, p.Quantity, p.LastAt.UnixMicros));
        Assert.Equal(expected.Order(), actual.Order());
        Assert.Equal(naive.OrderedProducts.Count(), profile.Products.DistinctOrdered);
        Assert.False(profile.Products.Approximate);
    });

    [Fact]
    public void Distinct_products_stay_exact_beyond_those_with_an_affinity() => Check(RandomEvents.Wide, 5, (profile, naive) =>
        Assert.Equal(naive.OrderedProducts.Count(), profile.Products.DistinctOrdered));

    [Fact]
    public void Types_beyond_the_held_ones_are_summed_as_other() => Check(RandomEvents.Wide, 8, (profile, naive) =>
    {
        var ranked = naive.Types.OrderBy(type => NaiveProfile.HashOf(type.Type)).ToArray();
        var held = ranked.Take(ProfileLimits.Types).Select(type => (type.Type, type.Count)).Order();
        Assert.Equal(held, profile.Activity.Types_.Select(type => (type.Type, (int)type.Count)).Order());
        Assert.Equal(ranked.Skip(ProfileLimits.Types).Sum(type => type.Count), profile.Activity.Other?.Count ?? 0);
    });

    private const long Now = RandomEvents.Start + (500 * RandomEvents.Day);

    private static void CheckSessions(Profile profile, NaiveProfile naive)
    {
        Assert.Equal(naive.Sessions.Count, profile.Sessions.Count);
        if (naive.Sessions.Count == 0)
            return;
        var (start, end, count) = naive.Sessions[^1];
        Assert.Equal((start, end, count), (profile.Sessions.LastStart.UnixMicros, profile.Sessions.LastEnd.UnixMicros, profile.Sessions.LastEventCount));
    }

    private static void Check(FsCheck.Arbitrary<Occurrence[]> events, int times, Action<Profile, NaiveProfile> check) =>
        Folding.ForAll(events, times, (some, seed) =>
        {
            var state = Folding.Arriving(RandomEvents.NearlyOrdered(some, seed)).State;
            var view = Folding.Definitions.View("service", AllFields);
            check(ProfileView.Render(state, view, Folding.Definitions, "c", some.Length, ValueStatus.Ok, Now), new NaiveProfile(some));
        });

    private static string SumsOf(TypeActivity type) =>
        string.Join(' ', type.Sums.OrderBy(sum => sum.CurrencyCode, StringComparer.Ordinal).Select(sum => $"{sum.CurrencyCode}={sum.Amount}"));

    private static string Text(object? value) => value switch
    {
        null => "null",
        decimal number => "decimal " + NaiveProfile.Text(number),
        _ => $"{value.GetType().Name} {Convert.ToString(value, CultureInfo.InvariantCulture)}",
    };
}
