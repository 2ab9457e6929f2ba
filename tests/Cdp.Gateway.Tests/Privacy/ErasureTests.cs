using System.Security.Cryptography;
using Cdp.Gateway.Tests.Composed;
using Cdp.Gateway.Tests.Segments;
using Cdp.Grains.Customers;
using Cdp.Grains.Hosting;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Privacy;

/// <summary>
/// Invariant 14: erasable. Of an erased customer nothing is left that says who it was or what it did, in whatever store; a
/// replay, a resend and a restart bring nothing back; and its identifiers may be those of somebody new.
/// </summary>
public sealed class ErasureTests
{
    private static readonly string[] Secrets = ["anna@example.org", "u-anna-77", "ck-anna", "measles", "ev-anna", "+4915112345678"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_left_of_who_is_erased_and_others_are_as_they_were()
    {
        var stores = ComposedNode.Stores.New();
        await using var server = await GatewayFixture.StartAsync(Of(stores));
        await server.PutAsync("all", "events.count > 0");
        var token = await LiveAsync(server);
        var bystander = await server.ProfileAsync("user_id", "bert", token, "traits.*", "activity");
        var anna = (await server.ProfileAsync("email", "anna@example.org", token)).CustomerId;
        AssertHeld(stores, Secrets);

        var erased = await EraseAsync(server, GatewayFixture.Ref("email", "anna@example.org"));
        AssertNotHeld(stores, Secrets);
        AssertSigned(erased);
        Assert.Contains(anna, erased.Receipt.CustomerIds);
        Assert.Equal(2, erased.Receipt.CustomerIds.Count);
        Assert.All(erased.Receipt.Places.Where(p => p.Place is not "segments"), place => Assert.True(place.Items > 0, place.Place));
        var kept = await server.Client.Privacy.GetErasureReceiptAsync(new GetErasureReceiptRequest { Id = erased.Receipt.Id }, cancellationToken: Cancel);
        Assert.Equal((erased.Receipt, erased.Signature, erased.PublicKey), (kept.Receipt, kept.Signature, kept.PublicKey));

        foreach (var reference in (CustomerRef[])[GatewayFixture.Ref("email", "anna@example.org"), GatewayFixture.Ref("cookie", "ck-anna"), .. erased.Receipt.CustomerIds.Select(id => new CustomerRef { CustomerId = id })])
            await GoneAsync(server, reference);
        Assert.Equal([bystander.CustomerId], (await server.MembersAsync("all")).CustomerIds);
        Assert.Equal(1, (await server.CountAsync("all")).Members);
        Assert.Equal(bystander, await server.ProfileAsync("user_id", "bert", token, "traits.*", "activity"));
        var facts = await server.Client.Identities.DescribeIdentityAsync(new DescribeIdentityRequest { Customer = GatewayFixture.Ref("user_id", "bert"), Purpose = "service" }, cancellationToken: Cancel);
        Assert.NotEmpty(facts.Facts);

        // A start, with and without what is only derived, finds nobody either.
        await server.RestartAsync();
        await server.RestartWithoutAsync(CustomerGrain.SnapshotKind, "identity-mark", "identity-node", "identity-group", "identity-refusal", "identity-fact-page", "identity-mentions");
        await GoneAsync(server, GatewayFixture.Ref("email", "anna@example.org"));
        Assert.Equal(bystander.CustomerId, (await server.ProfileAsync("user_id", "bert", token)).CustomerId);
        AssertNotHeld(stores, Secrets);
    }

    [Fact]
    public async Task What_is_sent_again_is_erased_and_what_is_new_is_somebody_new_s()
    {
        var stores = ComposedNode.Stores.New();
        await using var server = await GatewayFixture.StartAsync(Of(stores));
        var token = await LiveAsync(server);
        var anna = (await server.ProfileAsync("email", "anna@example.org", token)).CustomerId;
        await EraseAsync(server, GatewayFixture.Ref("email", "anna@example.org"));

        token = await server.PublishAsync(Fresh("new-1"));
        var again = await server.ProfileAsync("email", "anna@example.org", token, "traits.*", "activity");
        Assert.NotEqual(anna, again.CustomerId);
        Assert.Equal(1, again.Activity.EventCount);
        token = await server.PublishAsync(AnnasEvents());
        Assert.Equal(1, (await server.ProfileAsync("email", "anna@example.org", token, "traits.*", "activity")).Activity.EventCount);
        AssertNotHeld(stores, "measles", "ev-anna-");

        // The new one may be erased as well, and then comes a third.
        await EraseAsync(server, GatewayFixture.Ref("email", "anna@example.org"));
        AssertNotHeld(stores, Secrets);
        token = await server.PublishAsync(Fresh("new-1"), Fresh("new-2"));
        Assert.Equal(1, (await server.ProfileAsync("email", "anna@example.org", token, "activity")).Activity.EventCount);
        token = await server.PublishAsync(AnnasEvents());
        Assert.Equal(1, (await server.ProfileAsync("email", "anna@example.org", token, "activity")).Activity.EventCount);
    }

    [Fact]
    public async Task A_replay_brings_nothing_back_and_gives_whoever_came_after_the_same()
    {
        var stores = ComposedNode.Stores.New();
        string token, after;
        await using (var server = await GatewayFixture.StartAsync(Of(stores)))
        {
            await LiveAsync(server);
            await EraseAsync(server, GatewayFixture.Ref("user_id", "u-anna-77"));
            token = await server.PublishAsync(Fresh("new-1"));
            after = (await server.ProfileAsync("email", "anna@example.org", token)).CustomerId;
        }

        var replayed = await stores.ForReplayAsync();
        await using (var server = await GatewayFixture.StartAsync(Of(replayed)))
        {
            var profile = await server.ProfileAsync("email", "anna@example.org", token, "activity", "traits.*");
            Assert.Equal((after, 1), (profile.CustomerId, profile.Activity.EventCount));
            Assert.Empty(profile.Traits);
        }

        AssertNotHeld(replayed, "measles", "ev-anna-");
    }

    [Fact]
    public async Task Events_of_a_stopped_erasure_are_gone_after_the_next_start()
    {
        foreach (var step in Cdp.Grains.Ports.RecoverySteps.ByErasures)
        {
            var stores = ComposedNode.Stores.New();
            var halt = new HaltAt(step);
            await using (var server = await GatewayFixture.StartAsync(Of(stores), steps: halt))
            {
                server.HasFaults = true;
                await LiveAsync(server);
                halt.IsArmed = true;
                await Assert.ThrowsAsync<Client.CallException>(() => EraseAsync(server, GatewayFixture.Ref("email", "anna@example.org")));
                Assert.True(halt.WasReached, step);
            }

            await using (var server = await GatewayFixture.StartAsync(Of(stores)))
            {
                await server.Gateway.Tenants.ResumeAsync(Cancel);
                await GoneAsync(server, GatewayFixture.Ref("email", "anna@example.org"));
                AssertNotHeld(stores, Secrets);
                var token = await server.PublishAsync([.. AnnasEvents(), Fresh("new-1")]);
                Assert.Equal(1, (await server.ProfileAsync("email", "anna@example.org", token, "activity")).Activity.EventCount);
            }
        }
    }

    [Fact]
    public async Task Who_is_named_in_what_others_were_refused_is_erased_there_too()
    {
        var stores = ComposedNode.Stores.New();
        await using var server = await GatewayFixture.StartAsync(Of(stores));
        await server.Client.Identities.PutNamespaceAsync(
            new PutNamespaceRequest { Namespace = new Namespace { Name = "member", Kind = NamespaceKind.Person, MaxPerCustomer = 1 } }, cancellationToken: Cancel);
        await server.ProfileAsync("member", "anna-member-9", await server.PublishAsync(
            GatewayFixture.Event("a1", "Login", ("member", "anna-member-9"), ("phone", "+4915112345678"))));
        var token = await server.PublishAsync(GatewayFixture.Event("b1", "Login", ("member", "bert-1"), ("phone", "+4915112345678")));
        var refused = Assert.Single((await FactsAsync(token)).Facts, fact => fact.Refused is not null).Refused;
        Assert.Equal("+4915112345678", refused.Identifier.Value);

        await EraseAsync(server, GatewayFixture.Ref("member", "anna-member-9"));
        foreach (var history in stores.History.All()) Assert.False(history.Contains("+4915112345678", StringComparison.Ordinal) || history.Contains("anna-member-9", StringComparison.Ordinal), history);
        Assert.Equal("", Assert.Single((await FactsAsync("")).Facts, fact => fact.Refused is not null).Refused.Identifier.Value);

        async Task<DescribeIdentityResponse> FactsAsync(string after) => await server.Client.Identities.DescribeIdentityAsync(
            new DescribeIdentityRequest { Customer = GatewayFixture.Ref("member", "bert-1"), Purpose = "service", AfterToken = after }, cancellationToken: Cancel);
    }

    [Fact]
    public async Task What_is_exported_is_everything_and_what_is_restricted_is_used_for_nothing()
    {
        await using var server = await GatewayFixture.StartAsync();
        await server.PutAsync("all", "events.count > 0");
        await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "tax", LawfulBasis = LawfulBasis.LegalObligation } }, cancellationToken: Cancel);
        await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "delivery", LawfulBasis = LawfulBasis.Contract } }, cancellationToken: Cancel);
        await server.Client.Admin.PutFieldPolicyAsync(new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = "traits.*", Purposes = { "tax" } } }, cancellationToken: Cancel);
        var token = await LiveAsync(server);
        var anna = GatewayFixture.Ref("email", "anna@example.org");
        var items = new List<ExportCustomerResponse>();
        await foreach (var item in server.Client.Privacy.ExportCustomerAsync(new ExportCustomerRequest { Customer = anna, AfterToken = token }, cancellationToken: Cancel)) items.Add(item);
        var text = string.Join('\n', items.Select(item => item.ToString()));
        foreach (var secret in (string[])["anna@example.org", "u-anna-77", "ck-anna", "measles", "ev-anna-1", "ev-anna-2"]) Assert.Contains(secret, text, StringComparison.Ordinal);
        Assert.Equal(AnnasEvents().Length, items.Count(item => item.Event is not null));
        Assert.Equal("all", Assert.Single(items, item => item.Membership is not null).Membership.Segment);

        Assert.True((await server.Client.Privacy.RestrictCustomerAsync(new RestrictCustomerRequest { Customer = anna, Restricted = true, Reason = "disputed" }, cancellationToken: Cancel)).Restricted);
        Assert.Equal((1, 0), (Count(await ReadAsync("service")), Count(await ReadAsync("tax"))));
        Assert.Equal(1, Count(await ReadAsync("delivery")));
        Assert.Single((await server.MembersAsync("all")).CustomerIds);
        var consents = await server.Client.Consents.GetConsentsAsync(new GetConsentsRequest { Customer = anna }, cancellationToken: Cancel);
        Assert.True(consents.Restricted);
        Assert.Equal(["tax"], consents.Consents.Where(c => c.Allowed).Select(c => c.Purpose));
        Assert.False((await server.Client.Privacy.RestrictCustomerAsync(new RestrictCustomerRequest { Customer = anna }, cancellationToken: Cancel)).Restricted);
        Assert.Equal(0, Count(await ReadAsync("service")));
        Assert.Equal(2, (await server.MembersAsync("all")).CustomerIds.Count);

        async Task<Profile> ReadAsync(string purpose) =>
            (await server.Client.Profiles.GetProfileAsync(new GetProfileRequest { Customer = anna, Purpose = purpose, Fields = { "activity" } }, cancellationToken: Cancel)).Profile;
        static int Count(Profile profile) => profile.Withheld.Count;
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        await using var server = await GatewayFixture.StartAsync();
        await Calls.RefusedAsync(server.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = GatewayFixture.Ref("email", "nobody@example.org") }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");
        await Calls.RefusedAsync(server.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest(), cancellationToken: Cancel), Code.InvalidArgument, "CUSTOMER_MISSING");
        await Calls.RefusedAsync(server.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Reason = new string('r', 201) }, cancellationToken: Cancel), Code.InvalidArgument, "REASON_TOO_LONG");
        await Calls.RefusedAsync(server.Client.Privacy.GetErasureReceiptAsync(new GetErasureReceiptRequest { Id = "no/id" }, cancellationToken: Cancel), Code.InvalidArgument, "FIELD_INVALID");
        await Calls.RefusedAsync(server.Client.Privacy.GetErasureReceiptAsync(new GetErasureReceiptRequest { Id = "00ff" }, cancellationToken: Cancel), Code.NotFound, "RECEIPT_UNKNOWN");
        using var reader = await server.ClientOfAsync(Role.Reader);
        await Calls.RefusedAsync(reader.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = GatewayFixture.Ref("email", "a@example.org") }, cancellationToken: Cancel), Code.PermissionDenied, "ROLE_MISSING");
    }

    private static Event[] AnnasEvents()
    {
        Event[] events =
        [
            GatewayFixture.Event("ev-anna-1", "Product Viewed", ("cookie", "ck-anna")),
            GatewayFixture.Event("ev-anna-2", "Signed Up", ("email", "Anna@example.org"), ("user_id", "u-anna-77")),
            GatewayFixture.Event("ev-anna-3", "Login", ("user_id", "u-anna-77"), ("cookie", "ck-anna")),
            GatewayFixture.Event("ev-anna-4", "Called", ("phone", "+49 151 12345678"), ("user_id", "u-anna-77")),
        ];
        events[1].Traits = new TraitChanges { Set = { ["illness"] = new Value { StringValue = "measles" } } };
        return events;
    }

    /// <summary>Anna, who is two customers at first, Bert, and events of Anna's that are refused.</summary>
    private static async Task<string> LiveAsync(GatewayFixture server)
    {
        var bert = GatewayFixture.Event("ev-bert", "Product Viewed", ("user_id", "bert"));
        bert.Traits = new TraitChanges { Set = { ["name"] = new Value { StringValue = "Bert" } } };
        var refused = GatewayFixture.Event("ev-anna-5", "cdp.reserved", ("user_id", "u-anna-77"));
        var unreadable = GatewayFixture.Event("ev-anna-6", "Viewed", ("email", "not an address"));
        unreadable.Properties["note"] = new Value { StringValue = "of anna@example.org" };

        // Two customers first, which what follows shows to be one.
        await server.ProfileAsync("cookie", "ck-anna", await server.PublishAsync(AnnasEvents()[..2]));
        var sent = await server.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { AnnasEvents(), bert, refused, unreadable } }, cancellationToken: Cancel);
        Assert.Equal(2, sent.Refused.Count);
        await server.ProfileAsync("user_id", "bert", sent.Token);
        return sent.Token;
    }

    private static Event Fresh(string id) => GatewayFixture.Event(id, "Product Viewed", ("email", "anna@example.org"));

    private static async Task<EraseCustomerResponse> EraseAsync(GatewayFixture server, CustomerRef customer) =>
        await server.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = customer, Reason = "request 4711" }, cancellationToken: Cancel);

    private static async Task GoneAsync(GatewayFixture server, CustomerRef reference)
    {
        await Calls.RefusedAsync(server.Client.Profiles.GetProfileAsync(new GetProfileRequest { Customer = reference, Purpose = "service" }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");
        await Calls.RefusedAsync(server.Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = reference }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");
        await Calls.RefusedAsync(server.Client.Identities.DescribeIdentityAsync(new DescribeIdentityRequest { Customer = reference }, cancellationToken: Cancel), Code.NotFound, "CUSTOMER_NOT_FOUND");
        var again = server.Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = reference }, cancellationToken: Cancel);
        if (reference.HasCustomerId) Assert.Contains(reference.CustomerId, (await again).Receipt.CustomerIds);
        else await Calls.RefusedAsync(again, Code.NotFound, "CUSTOMER_NOT_FOUND");
    }

    private static void AssertSigned(EraseCustomerResponse erased)
    {
        Assert.Equal(erased.Receipt, ErasureReceipt.Parser.ParseFrom(erased.SignedReceipt));
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(erased.PublicKey.Span, out _);
        Assert.True(key.VerifyData(erased.SignedReceipt.Span, erased.Signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    private static void AssertHeld(ComposedNode.Stores stores, params string[] secrets)
    {
        var all = string.Join('\n', All(stores));
        foreach (var secret in secrets) Assert.Contains(secret, all, StringComparison.OrdinalIgnoreCase);
    }

    private static void AssertNotHeld(ComposedNode.Stores stores, params string[] secrets)
    {
        foreach (var text in All(stores))
        {
            foreach (var secret in secrets) Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase);
        }
    }

    private static IEnumerable<string> All(ComposedNode.Stores stores) => stores.States.All().Concat(stores.History.All()).Concat(stores.Log.All());

    private static GrainStores Of(ComposedNode.Stores stores) => new(stores.Log, stores.States, stores.History, stores.Index);

    /// <summary>Throws at a step, as if the process had ended there.</summary>
    private sealed class HaltAt(string step) : Cdp.Grains.Ports.IStepObserver
    {
        public bool IsArmed { get; set; }

        public bool WasReached { get; private set; }

        public void Reached(string reached)
        {
            if (!IsArmed || reached != step) return;
            WasReached = true;
            throw new IOException($"Halted at {step}.");
        }
    }
}
