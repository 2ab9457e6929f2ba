using System.Text;
using Cdp.Client;
using Cdp.V1;
using Google.Protobuf;
using Action = Cdp.V1.Action;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>A tenant with something of everything, each word of it its own, so that a leak is seen.</summary>
internal sealed class Victim : IDisposable
{
    public const string Tenant = "zq7-tenant";
    public const string Card = "zq7-card";
    public const string CardValue = "zq7-4711";
    public const string Email = "zq7-ann@example.org";
    public const string EventId = "zq7-event";
    public const string RefusedId = "zq7-refused";
    public const string EventType = "zq7 Bought";
    public const string Source = "zq7-source";
    public const string Channel = "zq7-channel";
    public const string Trait = "zq7_trait";
    public const string Purpose = "zq7-purpose";
    public const string SegmentId = "zq7-segment";
    public const string ActionId = "zq7-action";
    public const string PlacementId = "zq7-placement";
    public const string OutcomeId = "zq7-outcome";

    private const string OtherCard = "zq7-0815";

    private readonly List<string> _drawn = [];
    private readonly string[] _chosen =
    [
        Tenant, Card, CardValue, OtherCard, Email, EventId, RefusedId, EventType, Source, Channel, Trait, Purpose, SegmentId, ActionId, PlacementId, OutcomeId,
        "zq7 Ltd", "zq7-secret", "zq7-property", "zq7-value", "zq7 why", "zq7 Audience", "zq7 Offer", "zq7-payload", "zq7-fallback", "zq7 objective", "zq7 spare", "zq7-request", "zq7-proof", "zq7-missing",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public required CdpClient Client { get; init; }

    /// <summary>The secrets of the tenant's keys, by role.</summary>
    public Dictionary<Role, string> Secrets { get; } = [];

    public string CustomerId { get; private set; } = "";

    public string DecisionId { get; private set; } = "";

    public string ReceiptId { get; private set; } = "";

    public string SpareKey { get; private set; } = "";

    public string DeadLetterId { get; private set; } = "";

    /// <summary>Of its events.</summary>
    public string Token { get; private set; } = "";

    public string EventPage { get; private set; } = "";

    public string FactPage { get; private set; } = "";

    public string MemberPage { get; private set; } = "";

    public CustomerRef ById => new() { CustomerId = CustomerId };

    public static CustomerRef ByCard => GatewayFixture.Ref(Card, CardValue);

    public static Identifier CardIdentifier => new() { Namespace = Card, Value = CardValue };

    public static async Task<Victim> MakeAsync(GatewayFixture server)
    {
        await server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = Tenant, DisplayName = "zq7 Ltd" } }, cancellationToken: Cancel);
        var secrets = new Dictionary<Role, CreateKeyResponse>();
        foreach (var role in IsolationTests.Roles)
        {
            var request = new CreateKeyRequest { TenantId = Tenant, Roles = { role }, DefaultPurpose = "service" };
            secrets[role] = await server.Client.Admin.CreateKeyAsync(request, cancellationToken: Cancel);
        }

        var victim = new Victim { Client = server.ClientWith(secrets[Role.Admin].Secret) };
        foreach (var (role, made) in secrets)
        {
            victim.Secrets[role] = made.Secret;
            victim._drawn.AddRange([made.Secret, made.Key.Id]);
        }

        await victim.DefineAsync();
        await victim.LiveAsync();
        return victim;
    }

    /// <summary>
    /// The words that an answer may not hold: those that are not in the request. Who wrote words of the same spelling before may read
    /// them again, but never what was drawn for the victim.
    /// </summary>
    public IEnumerable<byte[]> Forbidden(IMessage request, byte[] written)
    {
        var asked = request.ToByteArray();
        byte[] said = [.. asked, .. written];
        return Absent(_drawn, asked).Concat(Absent(_chosen, said));
    }

    /// <summary>An event that names the victim's customer, and says nothing of what is known of it.</summary>
    public static Event Naming(string id) => GatewayFixture.Event(id, "Seen", (Card, CardValue), ("email", Email));

    private static IEnumerable<byte[]> Absent(IEnumerable<string> words, byte[] text) => words.Select(Encoding.UTF8.GetBytes).Where(word => text.AsSpan().IndexOf(word) < 0);

    /// <summary>An event with everything in it.</summary>
    public static Event Event(string id, string card = CardValue)
    {
        var made = GatewayFixture.Event(id, EventType, (Card, card), ("email", card == CardValue ? Email : $"{card}@example.org"));
        made.Source = Source;
        made.Channel = Channel;
        made.Properties["zq7-property"] = new Value { StringValue = "zq7-value" };
        made.Traits = new TraitChanges { Set = { [Trait] = new Value { StringValue = "zq7-secret" } } };
        return made;
    }

    public void Dispose() => Client.Dispose();

    private static Payload PayloadOf(string text) => new() { Channel = Channel, Data = ByteString.CopyFromUtf8(text) };

    private async Task DefineAsync()
    {
        await Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = Purpose, Description = "zq7 why" } }, cancellationToken: Cancel);
        await Client.Admin.PutEventTypeAsync(new PutEventTypeRequest { EventType = new EventType { Name = EventType, Role = EventRole.Order, Schema = """{"required": ["zq7-missing"]}""" } }, cancellationToken: Cancel);
        await Client.Admin.PutFieldPolicyAsync(new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = $"traits.{Trait}", Purposes = { "service", Purpose } } }, cancellationToken: Cancel);
        await Client.Identities.PutNamespaceAsync(new PutNamespaceRequest { Namespace = new Namespace { Name = Card, Kind = NamespaceKind.Person } }, cancellationToken: Cancel);
        var segment = new Segment { Id = SegmentId, DisplayName = "zq7 Audience", Expression = $"traits.{Trait} == \"zq7-secret\"" };
        await Client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = segment }, cancellationToken: Cancel);
        var action = new Action { Id = ActionId, DisplayName = "zq7 Offer", Objective = "zq7 objective", Payloads = { PayloadOf("zq7-payload") } };
        await Client.Decisions.PutActionAsync(new PutActionRequest { Action = action }, cancellationToken: Cancel);
        var placement = new Placement { Id = PlacementId, Channel = Channel, Fallback = PayloadOf("zq7-fallback") };
        await Client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = placement }, cancellationToken: Cancel);
        var spare = await Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Writer }, Source = Source, Description = "zq7 spare" }, cancellationToken: Cancel);
        SpareKey = spare.Key.Id;
        _drawn.AddRange([SpareKey, spare.Secret]);
    }

    private async Task LiveAsync()
    {
        var published = await Client.Ingest.PublishEventsAsync(
            new PublishEventsRequest { Events = { Event(EventId), Event($"{EventId}-2"), Event($"{EventId}-3", OtherCard), Event($"{EventId}-4", "zq7-gone") } }, cancellationToken: Cancel);
        Assert.Empty(published.Refused);
        Token = published.Token;
        var wrong = Event(RefusedId);
        wrong.SessionId = new string('s', 129);
        var refused = await Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { wrong } }, cancellationToken: Cancel);
        Assert.Single(refused.Refused);
        foreach (var token in (string[])[Token, refused.Token])
            await Client.Profiles.GetProfileAsync(new GetProfileRequest { Customer = ByCard, AfterToken = token }, cancellationToken: Cancel);
        DeadLetterId = Assert.Single((await Client.Events.ListDeadLettersAsync(new ListDeadLettersRequest(), cancellationToken: Cancel)).DeadLetters).Id;
        var consent = new RecordConsentRequest { Customer = ByCard, Acts = { new ConsentAct { Purpose = Purpose, Granted = true, Proof = "zq7-proof" } }, RequestId = "zq7-request" };
        CustomerId = (await Client.Consents.RecordConsentAsync(consent, cancellationToken: Cancel)).CustomerId;
        var decided = await Client.Decisions.DecideAsync(new DecideRequest { Placement = PlacementId, CustomerId = CustomerId, Consistency = DecisionConsistency.Sync }, cancellationToken: Cancel);
        Assert.Equal(ActionId, decided.Ranked[0].ActionId);
        DecisionId = decided.DecisionId;
        var outcome = new Outcome { Id = OutcomeId, DecisionId = DecisionId, ActionId = ActionId, Kind = OutcomeKind.Shown };
        await Client.Decisions.RecordOutcomesAsync(new RecordOutcomesRequest { Outcomes = { outcome } }, cancellationToken: Cancel);
        EventPage = (await Client.Profiles.ListEventsAsync(new ListEventsRequest { Customer = ById, PageSize = 1 }, cancellationToken: Cancel)).NextPageToken;
        FactPage = (await Client.Identities.DescribeIdentityAsync(new DescribeIdentityRequest { Customer = ById, PageSize = 1 }, cancellationToken: Cancel)).NextPageToken;
        MemberPage = (await Client.Segments.ListMembersAsync(new ListMembersRequest { Segment = SegmentId, PageSize = 1, AfterToken = Token }, cancellationToken: Cancel)).NextPageToken;
        var erased = await Client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = GatewayFixture.Ref(Card, "zq7-gone") }, cancellationToken: Cancel);
        ReceiptId = erased.Receipt.Id;
        var other = await Client.Identities.ResolveIdentifierAsync(new ResolveIdentifierRequest { Identifier = new Identifier { Namespace = Card, Value = OtherCard } }, cancellationToken: Cancel);
        _drawn.AddRange([CustomerId, other.CustomerId, DecisionId, ReceiptId, .. erased.Receipt.CustomerIds]);
        Assert.All((string[])[EventPage, FactPage, MemberPage], Assert.NotEmpty);
    }
}
