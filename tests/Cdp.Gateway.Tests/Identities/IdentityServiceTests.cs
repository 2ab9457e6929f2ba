using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Identities;

/// <summary>Namespaces and what is told of an identity.</summary>
public sealed class IdentityServiceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_changed_limit_holds_for_what_is_decided_from_then_on()
    {
        await using var server = await GatewayFixture.StartAsync();
        await LimitAsync(2);
        await server.ProfileAsync("user_id", "u1", await server.PublishAsync([.. Enumerable.Range(0, 3).Select(i => Seen($"a{i}", $"card-{i}"))]));
        Assert.Equal(["card-0", "card-1"], await CardsAsync());

        await LimitAsync(3);
        await server.ProfileAsync("user_id", "u1", await server.PublishAsync(Seen("b", "card-3"), Seen("c", "card-2"), Seen("d", "card-4")));

        // What was refused stays refused: a replay must not decide otherwise than the first run.
        Assert.Equal(["card-0", "card-1", "card-3"], await CardsAsync());
        var identity = await server.Client.Identities.DescribeIdentityAsync(new DescribeIdentityRequest { Customer = GatewayFixture.Ref("user_id", "u1") }, cancellationToken: Cancel);
        Assert.Equal([("card-2", 2), ("card-4", 3)], identity.Facts.Where(f => f.Refused is not null).Select(f => (f.Refused.Identifier.Value, f.Refused.Limit)));

        Event Seen(string id, string card) => GatewayFixture.Event(id, "Seen", ("user_id", "u1"), ("club_card", card));

        async Task LimitAsync(int most) => await server.Client.Identities.PutNamespaceAsync(
            new PutNamespaceRequest { Namespace = new Namespace { Name = "club_card", Kind = NamespaceKind.Device, MaxPerCustomer = most } }, cancellationToken: Cancel);

        async Task<IEnumerable<string>> CardsAsync() =>
            (await server.ProfileAsync("user_id", "u1", "", "identifiers.club_card")).Identifiers.Select(i => i.Identifier.Value).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_namespace_is_listed_as_it_was_put_and_a_wrong_one_is_refused_by_field()
    {
        await using var server = await GatewayFixture.StartAsync();
        var identities = server.Client.Identities;
        var put = new Namespace { Name = "club_card", Kind = NamespaceKind.Person, MaxPerCustomer = 3, Priority = 350, BlockedValues = { "000" } };
        var made = (await identities.PutNamespaceAsync(new PutNamespaceRequest { Namespace = put }, cancellationToken: Cancel)).Namespace;
        var listed = (await identities.ListNamespacesAsync(new ListNamespacesRequest(), cancellationToken: Cancel)).Namespaces;
        Assert.Equal(made, listed.Single(n => n.Name == "club_card"));
        Assert.Equal((NamespaceKind.Contact, 5), listed.Where(n => n.Name == "email").Select(n => (n.Kind, n.MaxPerCustomer)).Single());

        made.Etag = "stale";
        await Calls.RefusedAsync(identities.PutNamespaceAsync(new PutNamespaceRequest { Namespace = made }, cancellationToken: Cancel), Code.Aborted, "ETAG_MISMATCH");
        foreach (var (wrong, field) in new[]
        {
            (new Namespace { Name = "Club Card" }, "namespace.name"),
            (new Namespace { Name = "c", MaxPerCustomer = -2 }, "namespace.max_per_customer"),
            (new Namespace { Name = "c", Priority = -1 }, "namespace.priority"),
            (new Namespace { Name = "c", Kind = (NamespaceKind)99 }, "namespace.kind"),
        })
        {
            var error = await Calls.RefusedAsync(identities.PutNamespaceAsync(new PutNamespaceRequest { Namespace = wrong }, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
            Assert.Equal(field, Assert.Single(error.FieldViolations).Field);
        }

        var blocked = await server.Client.Ingest.PublishEventsAsync(
            new PublishEventsRequest { Events = { GatewayFixture.Event("1", "Seen", ("club_card", "000")) } }, cancellationToken: Cancel);
        Assert.Equal("IDENTIFIERS_BLOCKED", Assert.Single(blocked.Refused).Reason);
    }

    [Fact]
    public async Task A_customer_is_resolved_through_merges_and_its_facts_come_in_pages()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(
            [.. Enumerable.Range(0, 12).Select(i => GatewayFixture.Event($"{i}", "Seen", ("user_id", "u1"), ("device", $"d{i}")))]);
        token = await server.PublishAsync(GatewayFixture.Event("x", "Seen", ("email", "a@example.com")), GatewayFixture.Event("y", "Seen", ("user_id", "u1"), ("email", "a@example.com")));
        var resolved = await server.Client.Identities.ResolveIdentifierAsync(
            new ResolveIdentifierRequest { Identifier = new Identifier { Namespace = "email", Value = "A@example.com" }, AfterToken = token }, cancellationToken: Cancel);
        Assert.Equal((await server.ProfileAsync("user_id", "u1", token)).CustomerId, resolved.CustomerId);

        var read = new DescribeIdentityRequest { Customer = new CustomerRef { CustomerId = resolved.CustomerId }, PageSize = 4 };
        var facts = new List<IdentityFact>();
        do
        {
            var page = await server.Client.Identities.DescribeIdentityAsync(read, cancellationToken: Cancel);
            Assert.InRange(page.Facts.Count, 1, 4);
            facts.AddRange(page.Facts);
            read.PageToken = page.NextPageToken;
        }
        while (read.PageToken.Length > 0);

        // One mint and twelve devices; the e-mail was minted apart or linked, whichever partition came first.
        Assert.Equal(facts.Select(f => f.Sequence).Distinct().Order(), facts.Select(f => f.Sequence));
        Assert.Equal(12, facts.Count(f => f.Linked?.Identifier.Namespace == "device"));
        Assert.All(facts, f => Assert.NotEmpty(f.Evidence.EventId));
        await Calls.RefusedAsync(
            server.Client.Identities.ResolveIdentifierAsync(new ResolveIdentifierRequest { Identifier = new Identifier { Namespace = "email", Value = "b@example.com" } }, cancellationToken: Cancel),
            Code.NotFound, "CUSTOMER_NOT_FOUND");
        await Calls.RefusedAsync(
            server.Client.Identities.LinkIdentifiersAsync(new LinkIdentifiersRequest { Identifiers = { new Identifier { Namespace = "email", Value = "b@example.com" } } }, cancellationToken: Cancel),
            Code.InvalidArgument, "IDENTIFIERS_COUNT");
    }

    [Fact]
    public async Task Values_of_a_withheld_namespace_are_left_out_of_the_facts()
    {
        await using var server = await GatewayFixture.StartAsync();
        var token = await server.PublishAsync(GatewayFixture.Event("1", "Seen", ("user_id", "u1"), ("email", "a@example.com")));
        await server.Client.Admin.PutFieldPolicyAsync(
            new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = "identifiers.email", Purposes = { "service" } } }, cancellationToken: Cancel);

        var read = new DescribeIdentityRequest { Customer = GatewayFixture.Ref("user_id", "u1"), AfterToken = token, Purpose = "marketing" };
        var marketing = await server.Client.Identities.DescribeIdentityAsync(read, cancellationToken: Cancel);
        Assert.Equal(2, marketing.Facts.Count);
        Assert.DoesNotContain("example.com", marketing.ToString(), StringComparison.Ordinal);
        read.Purpose = "service";
        Assert.Contains("a@example.com", (await server.Client.Identities.DescribeIdentityAsync(read, cancellationToken: Cancel)).ToString(), StringComparison.Ordinal);
    }
}
