using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.V1;
using FsCheck.Fluent;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>An order that several events report is one order.</summary>
public sealed class OrderTests
{
    [Fact]
    public void What_the_shop_and_the_back_office_report_is_one_order_in_everything_it_adds_to()
    {
        var profile = ProfileFoldTests.Render(
            Folding.Canonical([Order("s-1", 1, "O-1", 20, "shop"), Order("e-9", 5, "O-1", 21, "erp"), Order("s-2", 9, "O-2", 4, "shop")]),
            "monetary", "products", "interests", "activity");

        var monetary = Assert.Single(profile.Monetary);
        Assert.Equal((2L, "24", 1L, 9L), (monetary.Orders, monetary.GrossRevenue.Amount, monetary.FirstOrder.UnixMicros, monetary.LastOrder.UnixMicros));
        var product = Assert.Single(profile.Products.Top);
        Assert.Equal((2L, "2"), (product.Orders, product.Quantity));
        var twice = ProfileFoldTests.Render(Folding.Canonical([Order("a", 1, "O-1", 1), Order("b", 9, "O-2", 1)]), "interests");
        Assert.Equal(Assert.Single(twice.Interests).Score, Assert.Single(profile.Interests).Score);

        // Each event stays one.
        Assert.Equal((3L, "45"), (profile.Activity.EventCount, Assert.Single(profile.Activity.Types_[0].Sums).Amount));
    }

    [Fact]
    public void Refunds_of_one_order_and_orders_without_an_id_are_counted_one_by_one()
    {
        var events = ((string[])["Order Refunded", "Order Completed"]).SelectMany((type, i) => Enumerable.Range(0, 2).Select(n => i == 0
            ? Sample.Track($"r{n}", type, n, properties: [("total", Sample.Of(1)), ("order_id", Sample.Of("O-1"))])
            : Sample.Track($"o{n}", type, n, properties: [("total", Sample.Of(1)), ("order_id", Sample.Of(""))])));
        var monetary = Assert.Single(ProfileFoldTests.Render(Folding.Canonical(events), "monetary").Monetary);
        Assert.Equal((2L, 2L), (monetary.Orders, monetary.Refunds));
    }

    [Fact]
    public void The_id_is_read_where_the_type_says()
    {
        var config = TenantDefaults.NewConfig("shop", new byte[32]);
        config.EventTypes.Add(new EventType { Name = "Sold", Role = EventRole.Order, OrderIdPath = "receipt.number" });
        var definitions = new Definitions(config);
        var events = Enumerable.Range(0, 3).Select(i => Sample.Track($"e{i}", "Sold", i, properties: ("receipt", Sample.Map(("number", i / 2)))));
        Assert.Equal(2, Assert.Single(Folding.Fold(events, definitions).Monetary).Orders);
    }

    [Theory]
    [InlineData(6, true)]
    [InlineData(5, false)]
    [InlineData(4, false)]
    public void The_first_report_by_time_stands_for_the_order_and_an_earlier_one_folds_again(long at, bool later)
    {
        var known = Folding.Canonical([Order("known", 5, "O-1", 20), Sample.Track("z", "Seen", 100)]);
        byte[] before = known.ToByteArray();
        Assert.Equal(later, ProfileFold.TryAbsorb(known, Order("other", at, "O-1", 30), Folding.Definitions));
        if (!later)
            Assert.Equal(before, known.ToByteArray());
    }

    [Fact]
    public void A_merge_of_customers_who_both_have_the_order_folds_again()
    {
        var one = Folding.Canonical([Order("a", 1, "O-1", 20)]);
        Assert.True(ProfileFold.TryAbsorbState(one, Folding.Canonical([Order("b", 2, "O-2", 20)]), Folding.Definitions));
        byte[] before = one.ToByteArray();
        Assert.False(ProfileFold.TryAbsorbState(one, Folding.Canonical([Order("c", 3, "O-2", 20)]), Folding.Definitions));
        Assert.Equal(before, one.ToByteArray());
    }

    [Fact]
    public void Any_arrival_and_any_merge_give_the_same_bytes_when_there_are_more_orders_than_are_remembered() =>
        Folding.ForAll(More.ToArbitrary(), 6, (events, seed) =>
        {
            var canonical = Folding.Canonical(events);
            Assert.True(canonical.MoreOrders);
            var (arrived, foldedAgain) = Folding.Arriving(RandomEvents.NearlyOrdered(events, seed));
            Folding.AssertSame(canonical, arrived);
            Assert.InRange(foldedAgain, 0, events.Length / 20);
            (arrived, foldedAgain) = Folding.Arriving(RandomEvents.Shuffled(events, seed));
            Folding.AssertSame(canonical, arrived);
            Assert.InRange(foldedAgain, 1, events.Length);

            var ordered = events.Order(Occurrence.Canonical).ToArray();
            int cut = seed % ordered.Length;
            foreach (var (left, right) in new[] { (ordered[..cut], ordered[cut..]), (ordered[cut..], ordered[..cut]) })
            {
                var into = Folding.Canonical(left);
                if (ProfileFold.TryAbsorbState(into, Folding.Canonical(right), Folding.Definitions))
                    Folding.AssertSame(canonical, into);
            }
        });

    [Fact]
    public void An_order_beyond_those_remembered_counts_each_time_it_is_reported()
    {
        Occurrence[] events =
        [
            .. Enumerable.Range(0, ProfileLimits.Orders + 1).Select(i => Order($"e{i}", i, $"O-{i}", 1)),
            Order("known", 50_000, "O-1", 1), Order("beyond", 50_001, $"O-{ProfileLimits.Orders}", 1),
        ];
        Assert.Equal(ProfileLimits.Orders + 2, Assert.Single(Folding.Canonical(events).Monetary).Orders);
    }

    [Fact]
    public void Who_has_very_many_orders_is_not_folded_again_for_those_that_come_late()
    {
        var state = Folding.Canonical([.. Enumerable.Range(0, ProfileLimits.Orders + 1).Select(i => Order($"e{i}", i * 10, $"O-{i}", 1))]);
        for (int i = 0; i < 500; i++)
            Assert.True(ProfileFold.TryAbsorb(state, Order($"late{i}", 50_000 - i, $"L-{i}", 1), Folding.Definitions));
    }

    private static FsCheck.Gen<Occurrence[]> More { get; } =
        from count in Gen.Choose(ProfileLimits.Orders + 200, ProfileLimits.Orders + 400)
        from reports in Gen.Zip(Gen.Choose(0, 4_000), Gen.Choose(0, 900)).ArrayOf(count)
        select reports.Select((report, i) => Order($"{i}", report.Item2, $"{report.Item1}", i % 7, i % 2 == 0 ? "shop" : "erp")).ToArray();

    private static Occurrence Order(string id, long at, string order, int total, string source = "shop") => Sample.Track(
        id, "Order Completed", at, source,
        properties: [("order_id", Sample.Of(order)), ("total", Sample.Of(total)), ("product_id", Sample.Of("p1")), ("category", Sample.Of("washing"))]);
}
