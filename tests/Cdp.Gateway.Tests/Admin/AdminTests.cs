using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Admin;

/// <summary>Tenants and definitions.</summary>
public sealed class AdminTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_the_operator_makes_and_lists_tenants()
    {
        await using var server = await GatewayFixture.StartAsync();
        using var admin = await server.ClientOfAsync(Role.Admin);
        await Calls.RefusedAsync(admin.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "new" } }, cancellationToken: Cancel), Code.PermissionDenied, "OPERATOR_ONLY");
        await Calls.RefusedAsync(admin.Admin.ListTenantsAsync(new ListTenantsRequest(), cancellationToken: Cancel), Code.PermissionDenied, "OPERATOR_ONLY");
        await Calls.RefusedAsync(admin.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Reader }, TenantId = "other" }, cancellationToken: Cancel), Code.PermissionDenied, "OPERATOR_ONLY");

        await server.PutTenantAsync("new");

        Assert.Equal(["default", "new"], (await server.Client.Admin.ListTenantsAsync(new ListTenantsRequest(), cancellationToken: Cancel)).Tenants.Select(t => t.Id).Order(StringComparer.Ordinal));
        using var own = await server.ClientOfAsync(Role.Admin, "new");
        var changed = await own.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "new", CurrencyCode = "GBP" } }, cancellationToken: Cancel);
        Assert.Equal("GBP", changed.Tenant.CurrencyCode);
    }

    [Theory]
    [InlineData("Upper", "", "", "tenant.id")]
    [InlineData("", "", "", "tenant.id")]
    [InlineData("t", "Mars/Base", "", "tenant.time_zone")]
    [InlineData("t", "", "euro", "tenant.currency_code")]
    public async Task A_wrong_setting_is_refused_by_its_name_and_makes_no_tenant(string id, string zone, string currency, string field)
    {
        await using var server = await GatewayFixture.StartAsync();
        var put = new PutTenantRequest { Tenant = new Tenant { Id = id, TimeZone = zone, CurrencyCode = currency } };

        var error = await Calls.RefusedAsync(server.Client.Admin.PutTenantAsync(put, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");

        Assert.Equal(field, Assert.Single(error.FieldViolations).Field);
        Assert.Single((await server.Client.Admin.ListTenantsAsync(new ListTenantsRequest(), cancellationToken: Cancel)).Tenants);
        Assert.Equal(["default"], await ListedAsync(server));
        await Calls.RefusedAsync(server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = "t", Roles = { Role.Reader } }, cancellationToken: Cancel), Code.NotFound, "TENANT_UNKNOWN");
    }

    [Theory]
    [InlineData(-1, 0, "tenant.event_days")]
    [InlineData(36_501, 0, "tenant.event_days")]
    [InlineData(36_500, -2, "event_type.event_days")]
    [InlineData(1, 36_501, "event_type.event_days")]
    public async Task How_long_events_are_kept_is_said_in_days(int days, int ofType, string field)
    {
        await using var server = await GatewayFixture.StartAsync();
        var error = await Calls.RefusedAsync(PutAsync(), Code.InvalidArgument, "FIELD_INVALID");
        Assert.Equal(field, Assert.Single(error.FieldViolations).Field);

        async Task<PutEventTypeResponse> PutAsync()
        {
            await server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "default", EventDays = days } }, cancellationToken: Cancel);
            return await server.Client.Admin.PutEventTypeAsync(new PutEventTypeRequest { EventType = new EventType { Name = "Login", EventDays = ofType } }, cancellationToken: Cancel);
        }
    }

    [Fact]
    public async Task A_tenant_that_nobody_has_read_yet_cannot_be_put_on_top_of_a_reading()
    {
        await using var server = await GatewayFixture.StartAsync();
        var put = new PutTenantRequest { Tenant = new Tenant { Id = "t", Etag = "7" } };

        await Calls.RefusedAsync(server.Client.Admin.PutTenantAsync(put, cancellationToken: Cancel), Code.Aborted, "ETAG_MISMATCH");

        Assert.Equal(["default"], await ListedAsync(server));
        put.Tenant.Etag = "";
        await server.Client.Admin.PutTenantAsync(put, cancellationToken: Cancel);
        Assert.Equal(["default", "t"], await ListedAsync(server));
    }

    [Fact]
    public async Task Of_two_changes_on_top_of_one_reading_the_second_is_refused()
    {
        await using var server = await GatewayFixture.StartAsync();
        var admin = server.Client.Admin;
        var purpose = (await admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "research", Description = "1" } }, cancellationToken: Cancel)).Purpose;

        purpose.Description = "2";
        var second = (await admin.PutPurposeAsync(new PutPurposeRequest { Purpose = purpose }, cancellationToken: Cancel)).Purpose;
        Assert.NotEqual(purpose.Etag, second.Etag);
        purpose.Description = "3";
        await Calls.RefusedAsync(admin.PutPurposeAsync(new PutPurposeRequest { Purpose = purpose }, cancellationToken: Cancel), Code.Aborted, "ETAG_MISMATCH");
        Assert.Equal("2", (await admin.ListPurposesAsync(new ListPurposesRequest(), cancellationToken: Cancel)).Purposes.Single(p => p.Id == "research").Description);

        purpose.Etag = "";
        await admin.PutPurposeAsync(new PutPurposeRequest { Purpose = purpose }, cancellationToken: Cancel);
        var type = new EventType { Name = "Sold", Role = EventRole.Order, Etag = "made up" };
        await Calls.RefusedAsync(admin.PutEventTypeAsync(new PutEventTypeRequest { EventType = type }, cancellationToken: Cancel), Code.Aborted, "ETAG_MISMATCH");
        Assert.Empty((await admin.ListEventTypesAsync(new ListEventTypesRequest(), cancellationToken: Cancel)).EventTypes);
    }

    [Fact]
    public async Task Partitions_say_what_is_durable_and_what_is_applied()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(
            [.. Enumerable.Range(0, 50).Select(i => GatewayFixture.Event($"{i}", "Product Viewed", ("device", $"d{i}")))]);
        await server.ProfileAsync("device", "d0", token);

        var listed = await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel);

        Assert.Equal([0, 1, 2, 3], listed.Partitions.Select(p => p.Number));
        Assert.Equal(50, listed.Partitions.Sum(p => p.EndPosition));
        Assert.All(listed.Partitions, p => Assert.Equal((p.EndPosition, 0), (p.AppliedPosition, p.DeadLetters)));
        Assert.All(listed.Partitions, p => Assert.InRange(p.CommittedPosition, 0, p.AppliedPosition));
        Assert.NotEmpty(listed.LogEpoch);
    }

    /// <summary>The ids in the list of tenants, also those of which there is nothing else.</summary>
    private static async Task<IEnumerable<string>> ListedAsync(GatewayFixture server) =>
        (await server.Host.Grains.Get<ITenantDirectory>(TenantDirectoryGrain.Key).List(new ListTenantIdsRequest(), Cancel)).Tenants;
}
