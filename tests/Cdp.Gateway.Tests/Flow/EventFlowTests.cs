using Cdp.V1;

namespace Cdp.Gateway.Tests.Flow;

/// <summary>Events in at the front door, customers out of it.</summary>
public sealed class EventFlowTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task An_event_is_visible_to_who_reads_with_its_token()
    {
        await using var server = await GatewayFixture.StartAsync();
        var order = GatewayFixture.Event("o-1", "Order Completed", ("user_id", "u1"), ("email", " Ann@Example.com "));
        order.Properties["total"] = new Value { DecimalValue = "19.99" };
        order.Properties["currency"] = new Value { StringValue = "EUR" };
        order.Traits = new TraitChanges { Set = { ["plan"] = new Value { StringValue = "gold" } } };
        var token = await server.PublishAsync(order);

        var profile = await server.ProfileAsync("email", "ann@example.com", token);

        Assert.Equal(1, profile.Activity.EventCount);
        Assert.Equal("19.99", Assert.Single(profile.Monetary).NetRevenue.Amount);
        var plan = Assert.Single(profile.Traits);
        Assert.Equal(("plan", "gold", "tests"), (plan.Name, plan.Value.StringValue, plan.Source));
        Assert.Equal(profile.CustomerId, (await server.ProfileAsync("user_id", "u1", token)).CustomerId);
    }

    [Fact]
    public async Task Evidence_that_two_customers_are_one_merges_them_and_both_ids_lead_to_the_older()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("device", "phone")));
        var older = (await server.ProfileAsync("device", "phone", token)).CustomerId;
        token = await server.PublishAsync(GatewayFixture.Event("2", "Product Viewed", ("user_id", "u1")));
        var younger = (await server.ProfileAsync("user_id", "u1", token)).CustomerId;
        Assert.NotEqual(older, younger);

        token = await server.PublishAsync(GatewayFixture.Event("3", "Signed In", ("user_id", "u1"), ("device", "phone")));

        foreach (var (ns, value) in new[] { ("device", "phone"), ("user_id", "u1") })
        {
            var profile = await server.ProfileAsync(ns, value, token);
            Assert.Equal((older, 3), (profile.CustomerId, profile.Activity.EventCount));
        }

        var byOldId = await server.Client.Profiles.GetProfileAsync(
            new GetProfileRequest { Customer = new CustomerRef { CustomerId = younger }, Purpose = "service" }, cancellationToken: None);
        Assert.Equal(older, byOldId.Profile.CustomerId);

        var identity = await server.Client.Identities.DescribeIdentityAsync(
            new DescribeIdentityRequest { Customer = GatewayFixture.Ref("user_id", "u1"), Purpose = "service" }, cancellationToken: None);
        Assert.Equal([younger], identity.FormerCustomerIds);
        Assert.Contains(identity.Facts, f => f.Merged?.MergedCustomerId == younger && f.Evidence.EventId == "3");
    }

    [Fact]
    public async Task A_kiosk_with_300_logins_stays_300_people()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        var logins = Enumerable.Range(0, 300)
            .Select(i => GatewayFixture.Event($"login-{i}", "Signed In", ("user_id", $"person-{i}"), ("device", "kiosk"))).ToArray();
        var token = await server.PublishAsync(logins);

        var ids = new HashSet<string>();
        for (var i = 0; i < 300; i++)
        {
            var profile = await server.ProfileAsync("user_id", $"person-{i}", token);
            Assert.Equal(1, profile.Activity.EventCount);
            ids.Add(profile.CustomerId);
        }

        Assert.Equal(300, ids.Count);
    }

    [Fact]
    public async Task An_order_number_finds_a_customer_and_never_merges_two()
    {
        await using var server = await GatewayFixture.StartAsync();
        var before = await server.PublishAsync(GatewayFixture.Event("1", "Order Completed", ("user_id", "u1"), ("order_id", "A-7")));
        var first = await server.ProfileAsync("user_id", "u1", before);
        var token = await server.PublishAsync(GatewayFixture.Event("2", "Order Completed", ("user_id", "u2"), ("order_id", "A-7")));

        Assert.Equal(first.CustomerId, (await server.ProfileAsync("order_id", "A-7", token)).CustomerId);
        Assert.NotEqual(first.CustomerId, (await server.ProfileAsync("user_id", "u2", token)).CustomerId);
    }

    [Fact]
    public async Task Linking_identifiers_merges_and_names_what_the_limits_refuse()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PublishAsync(
            GatewayFixture.Event("1", "Seen", ("device", "d1")),
            GatewayFixture.Event("2", "Seen", ("user_id", "u1")),
            GatewayFixture.Event("3", "Seen", ("user_id", "u2")));
        var request = new LinkIdentifiersRequest { Reason = "the customer said so" };
        request.Identifiers.AddRange([new() { Namespace = "user_id", Value = "u1" }, new() { Namespace = "device", Value = "d1" }, new() { Namespace = "user_id", Value = "u2" }]);

        var linked = await server.Client.Identities.LinkIdentifiersAsync(request, cancellationToken: None);

        Assert.Equal("u2", Assert.Single(linked.Refused).Identifier.Value);
        Assert.Equal(linked.CustomerId, (await server.ProfileAsync("device", "d1", linked.Token)).CustomerId);
    }
}
