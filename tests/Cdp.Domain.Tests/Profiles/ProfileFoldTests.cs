using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Profiles;

public sealed class ProfileFoldTests
{
    private static readonly Definitions Definitions = new(TenantDefaults.NewConfig("shop", new byte[32]));

    [Fact]
    public void Two_orders_in_either_order_give_the_same_bytes_and_their_sum()
    {
        var first = Order("a", 1_000_000, "19.99");
        var second = Order("b", 2_000_000, "0.02");
        var there = new ProfileState();
        var back = new ProfileState();
        Assert.True(ProfileFold.TryAbsorb(there, first, Definitions));
        Assert.True(ProfileFold.TryAbsorb(there, second, Definitions));
        Assert.True(ProfileFold.TryAbsorb(back, second, Definitions));
        Assert.True(ProfileFold.TryAbsorb(back, first, Definitions));
        Assert.Equal(there.ToByteArray(), back.ToByteArray());
        var profile = ProfileView.Render(there, Definitions.View("service", []), Definitions, "c", 2, ValueStatus.Ok, 3_000_000);
        Assert.Equal("20.01", Assert.Single(profile.Monetary).NetRevenue.Amount);
        Assert.Equal(2, profile.Activity.EventCount);
        Assert.Equal(1, profile.Sessions.Count);
    }

    private static FoldEvent Order(string id, long at, string total) => new(
        new Event { Id = id, Type = "Order Completed", Properties = { ["total"] = new Value { DecimalValue = total } } },
        "shop",
        at,
        at,
        0,
        at);
}
