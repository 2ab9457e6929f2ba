using Cdp.Domain.Profiles;
using Cdp.Domain.Tests.Events;
using Cdp.State.V1;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>The state stays within its limit whatever a sender thinks of.</summary>
public sealed class BoundsTests
{
    [Fact]
    public void A_state_of_the_longest_names_and_values_keeps_within_its_bytes()
    {
        var state = new ProfileState();
        int largest = 0;
        for (int i = 0; i < AdversarialEvents.Enough; i++)
        {
            var e = Sample.At(AdversarialEvents.Make(i), RandomEvents.Start + (i * RandomEvents.Day));
            Assert.Null(Judged.RefusalOf(e.Event));
            Assert.True(ProfileFold.TryAbsorb(state, e, Folding.Definitions));
            if (i % 100 == 99)
                largest = Math.Max(largest, state.CalculateSize());
        }

        Assert.InRange(largest, ProfileLimits.MaxBytes / 2, ProfileLimits.MaxBytes);
        Assert.Equal(ProfileLimits.Types, state.Types_.Count);
        Assert.Equal(ProfileLimits.Channels, state.Channels.Count);
        Assert.Equal(ProfileLimits.Namespaces, state.Identifiers.Count);
        Assert.Equal(ProfileLimits.Categories, state.Interests.Count);
        Assert.Equal(ProfileLimits.Products, state.ProductIds.Count);
        Assert.Equal(ProfileLimits.OrderedProducts, state.OrderedProducts.Count);
        Assert.Equal((ProfileLimits.Orders, ProfileLimits.Orders, true), (state.Orders.Count, state.OrderTimes.Count, state.MoreOrders));
        Assert.Equal(ProfileLimits.Currencies, state.Monetary.Count);
        Assert.Equal(4 * ProfileLimits.RecentEvents, state.RecentNames.Count);
        Assert.Equal(ProfileLimits.Sessions, state.Sessions.Count);
        Assert.InRange(state.TraitWeight, ProfileLimits.TraitWeight / 2, ProfileLimits.TraitWeight);
        Assert.Equal((ProfileLimits.Consents, true), (state.Consents.Count, state.MoreConsents));
        Assert.True(state.MoreProducts && state.MoreOrderedProducts && state.HasTraitCeiling);
    }

    [Fact]
    public void The_weight_of_traits_bounds_their_bytes() =>
        Folding.ForAll(RandomEvents.Wide, 5, (events, _) =>
        {
            var state = Folding.Canonical(events);
            var traits = new ProfileState { Traits = { state.Traits } };
            Assert.InRange(traits.CalculateSize(), 0, state.TraitWeight);
            Assert.InRange(state.TraitWeight, 0, ProfileLimits.TraitWeight);
        });

    [Fact]
    public void The_tenants_own_currency_is_never_the_one_that_goes()
    {
        var state = new ProfileState();
        for (int i = 0; i < 200; i++)
        {
            string currency = i == 100 ? "EUR" : $"{(char)('A' + (i % 26))}{(char)('A' + (i / 26))}Q";
            var order = Sample.Track($"o{i}", "Order Completed", i, properties: [("total", Sample.Of(1)), ("currency", Sample.Of(currency))]);
            Assert.True(ProfileFold.TryAbsorb(state, order, Folding.Definitions));
        }

        Assert.Equal(ProfileLimits.Currencies, state.Monetary.Count);
        Assert.Single(state.Monetary, entry => entry.CurrencyCode == "EUR");
        Assert.Single(state.Types_[0].Sums, sum => sum.CurrencyCode == "EUR");
    }

    [Fact]
    public void The_number_of_products_is_estimated_well_beyond_the_exact_ones()
    {
        const int Products = 20_000;
        var state = new ProfileState();
        for (int i = 0; i < Products; i += 100)
        {
            var lines = Enumerable.Range(i, 100).Select(product => Sample.Map(("sku", $"sku {product}"))).ToArray();
            Assert.True(ProfileFold.TryAbsorb(state, Sample.Track($"o{i}", "Purchase", i, properties: ("items", Sample.List(lines))), Folding.Definitions));
        }

        // Relative standard error 1 / sqrt(4096 - 2) = 1.6 %; three of them.
        Assert.InRange(ProfileFoldTests.Render(state, "products").Products.DistinctOrdered, Products * 0.953, Products * 1.047);
        Assert.True(ProfileFoldTests.Render(state, "products").Products.Approximate);
    }
}
