using Cdp.Client;
using Cdp.V1;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>Who may call what.</summary>
public sealed class KeyTests
{
    private static readonly (string Name, Role Needs, Func<CdpClient, Task> Call)[] Methods =
    [
        ("PublishEvents", Role.Writer, c => c.Ingest.PublishEventsAsync(new PublishEventsRequest(), cancellationToken: Cancel)),
        ("StreamEvents", Role.Writer, StreamAsync),
        ("GetProfile", Role.Reader, c => c.Profiles.GetProfileAsync(new GetProfileRequest(), cancellationToken: Cancel)),
        ("BatchGetProfiles", Role.Reader, c => c.Profiles.BatchGetProfilesAsync(new BatchGetProfilesRequest(), cancellationToken: Cancel)),
        ("ListEvents", Role.Reader, c => c.Profiles.ListEventsAsync(new ListEventsRequest(), cancellationToken: Cancel)),
        ("ResolveIdentifier", Role.Reader, c => c.Identities.ResolveIdentifierAsync(new ResolveIdentifierRequest(), cancellationToken: Cancel)),
        ("DescribeIdentity", Role.Reader, c => c.Identities.DescribeIdentityAsync(new DescribeIdentityRequest(), cancellationToken: Cancel)),
        ("ListNamespaces", Role.Reader, c => c.Identities.ListNamespacesAsync(new ListNamespacesRequest(), cancellationToken: Cancel)),
        ("LinkIdentifiers", Role.Writer, c => c.Identities.LinkIdentifiersAsync(new LinkIdentifiersRequest(), cancellationToken: Cancel)),
        ("PutNamespace", Role.Admin, c => c.Identities.PutNamespaceAsync(new PutNamespaceRequest(), cancellationToken: Cancel)),
        ("PutSegment", Role.Admin, c => c.Segments.PutSegmentAsync(new PutSegmentRequest(), cancellationToken: Cancel)),
        ("GetSegment", Role.Reader, c => c.Segments.GetSegmentAsync(new GetSegmentRequest(), cancellationToken: Cancel)),
        ("ListSegments", Role.Reader, c => c.Segments.ListSegmentsAsync(new ListSegmentsRequest(), cancellationToken: Cancel)),
        ("DeleteSegment", Role.Admin, c => c.Segments.DeleteSegmentAsync(new DeleteSegmentRequest(), cancellationToken: Cancel)),
        ("ListMembers", Role.Reader, c => c.Segments.ListMembersAsync(new ListMembersRequest(), cancellationToken: Cancel)),
        ("CountMembers", Role.Reader, c => c.Segments.CountMembersAsync(new CountMembersRequest(), cancellationToken: Cancel)),
        ("ListMemberships", Role.Reader, c => c.Segments.ListMembershipsAsync(new ListMembershipsRequest(), cancellationToken: Cancel)),
        ("ExplainMembership", Role.Reader, c => c.Segments.ExplainMembershipAsync(new ExplainMembershipRequest(), cancellationToken: Cancel)),
        ("PutTenant", Role.Admin, c => c.Admin.PutTenantAsync(new PutTenantRequest(), cancellationToken: Cancel)),
        ("GetTenant", Role.Admin, c => c.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel)),
        ("ListTenants", Role.Admin, c => c.Admin.ListTenantsAsync(new ListTenantsRequest(), cancellationToken: Cancel)),
        ("CreateKey", Role.Admin, c => c.Admin.CreateKeyAsync(new CreateKeyRequest(), cancellationToken: Cancel)),
        ("ListKeys", Role.Admin, c => c.Admin.ListKeysAsync(new ListKeysRequest(), cancellationToken: Cancel)),
        ("RevokeKey", Role.Admin, c => c.Admin.RevokeKeyAsync(new RevokeKeyRequest(), cancellationToken: Cancel)),
        ("PutEventType", Role.Admin, c => c.Admin.PutEventTypeAsync(new PutEventTypeRequest(), cancellationToken: Cancel)),
        ("ListEventTypes", Role.Admin, c => c.Admin.ListEventTypesAsync(new ListEventTypesRequest(), cancellationToken: Cancel)),
        ("PutPurpose", Role.Admin, c => c.Admin.PutPurposeAsync(new PutPurposeRequest(), cancellationToken: Cancel)),
        ("ListPurposes", Role.Admin, c => c.Admin.ListPurposesAsync(new ListPurposesRequest(), cancellationToken: Cancel)),
        ("PutFieldPolicy", Role.Admin, c => c.Admin.PutFieldPolicyAsync(new PutFieldPolicyRequest(), cancellationToken: Cancel)),
        ("ListFieldPolicies", Role.Admin, c => c.Admin.ListFieldPoliciesAsync(new ListFieldPoliciesRequest(), cancellationToken: Cancel)),
        ("ListPartitions", Role.Admin, c => c.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel)),
    ];

    private static IEnumerable<MethodDescriptor> Api { get; } =
        new[] { IngestReflection.Descriptor, ProfilesReflection.Descriptor, IdentitiesReflection.Descriptor, SegmentsReflection.Descriptor, AdminReflection.Descriptor }
            .SelectMany(file => file.Services).SelectMany(service => service.Methods);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_method_of_the_api_is_tried() =>
        Assert.Equal(Api.Select(method => method.Name).Order(StringComparer.Ordinal), Methods.Select(method => method.Name).Order(StringComparer.Ordinal));

    [Fact]
    public async Task A_method_needs_its_role_and_an_admin_has_them_all()
    {
        await using var server = await GatewayFixture.StartAsync();
        foreach (var role in (Role[])[Role.Writer, Role.Reader, Role.Decider, Role.Admin])
        {
            using var client = await server.ClientOfAsync(role);
            foreach (var (name, needs, call) in Methods)
            {
                var may = role == needs || role == Role.Admin || (role == Role.Decider && needs == Role.Reader);
                var reason = await ReasonAsync(call(client));
                Assert.True(may == (reason != "ROLE_MISSING"), $"{name} as {role}: {reason ?? "passed"}");
            }
        }
    }

    [Fact]
    public async Task Without_a_key_that_exists_every_method_is_refused()
    {
        await using var server = await GatewayFixture.StartAsync();
        var revoked = await server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Admin } }, cancellationToken: Cancel);
        await server.Client.Admin.RevokeKeyAsync(new RevokeKeyRequest { KeyId = revoked.Key.Id }, cancellationToken: Cancel);
        using var unknown = server.ClientWith(revoked.Secret[..^1] + (revoked.Secret[^1] == 'A' ? 'B' : 'A'));
        using var late = server.ClientWith(revoked.Secret);
        using var raw = new Fuzz.RawCalls(server.Url);
        foreach (var (name, _, call) in Methods)
        {
            Assert.Equal("KEY_UNKNOWN", await ReasonAsync(call(unknown)));
            Assert.Equal("KEY_REVOKED", await ReasonAsync(call(late)));
            var reply = await raw.SendAsync(PathOf(name), Fuzz.RawCalls.Frame([]), null, Cancel);
            Assert.Equal((Code.Unauthenticated, "KEY_MISSING"), (reply.Code, reply.Reason));
        }
    }

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

    private static string PathOf(string name) => Api.Where(m => m.Name == name).Select(m => $"/{m.Service.FullName}/{name}").Single();

    private static async Task StreamAsync(CdpClient client)
    {
        await using var call = client.Ingest.StreamEvents(cancellationToken: Cancel);
        await call.CompleteAsync();
        await foreach (var _ in call.ReadAllAsync(Cancel))
        {
            Assert.Fail("Nothing was sent.");
        }
    }

    private static async Task<string?> ReasonAsync(Task call)
    {
        try
        {
            await call;
            return null;
        }
        catch (CallException e)
        {
            return e.Reason;
        }
    }
}
