using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>Keys that are revoked, refused, and of another tenant; who may call what is in <see cref="IsolationTests"/>.</summary>
public sealed class KeyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_revoked_key_stops_at_once_also_where_it_was_remembered()
    {
        await using var server = await GatewayFixture.StartAsync();
        var made = await server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Admin } }, cancellationToken: Cancel);
        using var client = server.ClientWith(made.Secret);
        await client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel);

        await server.Client.Admin.RevokeKeyAsync(new RevokeKeyRequest { KeyId = made.Key.Id }, cancellationToken: Cancel);

        await Calls.RefusedAsync(client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel), Code.Unauthenticated, "KEY_REVOKED");
        var listed = await server.Client.Admin.ListKeysAsync(new ListKeysRequest(), cancellationToken: Cancel);
        Assert.NotNull(listed.Keys.Single(k => k.Id == made.Key.Id).RevokedAt);
        Assert.DoesNotContain(made.Secret.Split('_')[^1], listed.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_cannot_revoke_itself_and_an_unknown_one_is_named()
    {
        await using var server = await GatewayFixture.StartAsync();
        await Calls.RefusedAsync(server.Client.Admin.RevokeKeyAsync(new RevokeKeyRequest { KeyId = "operator" }, cancellationToken: Cancel), Code.InvalidArgument, "KEY_IN_USE");
        await Calls.RefusedAsync(server.Client.Admin.RevokeKeyAsync(new RevokeKeyRequest { KeyId = "nothing" }, cancellationToken: Cancel), Code.NotFound, "KEY_UNKNOWN");
        await Calls.RefusedAsync(server.Client.Admin.CreateKeyAsync(new CreateKeyRequest(), cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
        await Calls.RefusedAsync(
            server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Reader }, DefaultPurpose = "mischief" }, cancellationToken: Cancel), Code.InvalidArgument, "PURPOSE_UNDECLARED");
    }

    [Fact]
    public async Task A_key_of_another_tenant_sees_nothing_of_this_one()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutTenantAsync("other");
        using var other = await server.ClientOfAsync(Role.Admin, "other");
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")));
        var ours = (await server.ProfileAsync("user_id", "u1", token)).CustomerId;

        foreach (var reference in (CustomerRef[])[GatewayFixture.Ref("user_id", "u1"), new() { CustomerId = ours }])
        {
            await Calls.RefusedAsync(other.Profiles.GetProfileAsync(new GetProfileRequest { Customer = reference, AfterToken = token }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");
            await Calls.RefusedAsync(other.Profiles.ListEventsAsync(new ListEventsRequest { Customer = reference }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");
            await Calls.RefusedAsync(other.Identities.DescribeIdentityAsync(new DescribeIdentityRequest { Customer = reference }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");
        }

        Assert.Single((await other.Admin.ListKeysAsync(new ListKeysRequest(), cancellationToken: Cancel)).Keys);
        Assert.Equal("other", (await other.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel)).Tenant.Id);

        // The same identifier and the same event id are somebody else's there.
        var request = new PublishEventsRequest { Events = { GatewayFixture.Event("1", "Product Viewed", ("user_id", "u1")) } };
        var theirs = await other.Ingest.PublishEventsAsync(request, cancellationToken: Cancel);
        var profile = await other.Profiles.GetProfileAsync(new GetProfileRequest { Customer = GatewayFixture.Ref("user_id", "u1"), AfterToken = theirs.Token }, cancellationToken: Cancel);
        Assert.NotEqual(ours, profile.Profile.CustomerId);
        Assert.Equal(1, profile.Profile.Activity.EventCount);
    }
}
