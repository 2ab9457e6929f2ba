using Cdp.Client;
using Cdp.Domain.Events;
using Cdp.Node.Commands.Printing;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Node.Demo;

/// <summary>One person's story: seen on an anonymous phone, recognised at a login on a laptop, read for two purposes.</summary>
internal sealed class AnnaStory(CdpClient client, DemoReport report, AnnaOffers offers, DateTimeOffset now)
{
    private const string LoginEvent = "anna-login";
    private const string Broken = "Hello, my washing machine is broken. Is there a repair, or which one fits my old place?";

    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(30) };
    private static readonly string[] Fields = ["traits.*", "monetary", "interests", "recent_events"];

    private string _customer = "";
    private long _events;

    /// <summary>The first that was seen of her.</summary>
    public static Identifier Phone { get; } = new() { Namespace = "cookie", Value = "annas-phone" };

    /// <summary>All that she is known by, once she is.</summary>
    public static Identifier[] Identifiers => [Phone, Laptop, Account];

    private static Identifier Laptop { get; } = new() { Namespace = "cookie", Value = "annas-laptop" };

    private static Identifier Account { get; } = new() { Namespace = "user_id", Value = "anna" };

    /// <summary>From three strangers to one customer, and why.</summary>
    public async Task BecomeKnownAsync(CancellationToken cancel)
    {
        report.Chapter("1. One person, three devices");
        report.Say("Four years ago Anna bought a washing machine. The shop knows her account, and nobody else.");
        // Each chapter of her life is read before the next begins: events of different systems may be applied side by side.
        var account = await ReadAsync(Account, await PublishAsync([Bought()], cancel), cancel);
        await offers.DefineAsync(cancel);
        await offers.ToAVisitorAsync(Phone, customers: 1, cancel);
        report.Say("The visitor looks at washing machines; then a chat on that phone says \"broken\" and leaves an e-mail address, and the");
        report.Say("helpdesk opens a complaint.");
        var token = await PublishAsync([Viewed(1, "WM-9000", 30, "799.00"), Viewed(2, "WM-7000", 28, "549.00"), Viewed(3, "WM-9000", 25, "799.00")], cancel);
        await ReadAsync(Phone, token, cancel);
        var phone = await ReadAsync(Phone, await PublishAsync([Chatted("anna-chat", 20, Broken)], cancel), cancel);
        report.Say("Before the login these are two customers. The phone:");
        report.Show(ProfileText.Write(phone));
        report.Say("And the account, which knows nothing of it:");
        report.Show(ProfileText.Write(account));
        await offers.ToBothHalvesAsync(Account, Phone, cancel);

        report.Say("Now she signs in on a laptop, with the address that the chat was given. From this moment they are one:");
        token = await PublishAsync([SignedIn()], cancel);
        var after = await ReadAsync(Phone, token, cancel);
        report.Show(ProfileText.Write(after));
        _customer = after.CustomerId;
        _events = after.RecentEvents.Count;

        var recognised = new Proof("recognised");
        if (phone.CustomerId == account.CustomerId) recognised.Fail($"expected two customers before the login, got {phone.CustomerId} twice");
        recognised.Equal("the older customer", account.CustomerId, after.CustomerId);
        foreach (var identifier in new[] { Laptop, Account }) recognised.Equal("customer", after.CustomerId, (await ReadAsync(identifier, token, cancel)).CustomerId);
        recognised.Equal("events", 6, after.RecentEvents.Count);
        report.Prove(recognised, $"phone, laptop and account are {after.CustomerId}, with all {after.RecentEvents.Count} events");
        await ShowEvidenceAsync(phone.CustomerId, token, cancel);
        await offers.ToAnnaAsync(Account, _customer, cancel);
    }

    /// <summary>The same profile for two purposes.</summary>
    public async Task BeReadForTwoPurposesAsync(CancellationToken cancel)
    {
        report.Chapter("3. One profile, two purposes");
        report.Say("The shop decides: e-mail address, phone number and money are for the service desk only.");
        string[] policies = ["traits.email", "traits.phone", "monetary"];
        string[] shown = ["traits.*", "monetary", "interests"];
        foreach (var field in policies)
        {
            var policy = new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = field, Purposes = { "service" } } };
            await client.Admin.PutFieldPolicyAsync(policy, Patience, cancel);
        }

        var service = await ReadAsync(Account, "", "service", shown, cancel);
        report.Say("Read for \"service\":");
        report.Show(ProfileText.Write(service));
        var marketing = await ReadAsync(Account, "", "marketing", shown, cancel);
        report.Say("Read for \"marketing\":");
        report.Show(ProfileText.Write(marketing));

        var purposes = new Proof("purposes");
        purposes.Equal("traits for service", "complaint email name phone", Names(service));
        purposes.Equal("currencies for service", 1, service.Monetary.Count);
        purposes.Equal("traits for marketing", "complaint name", Names(marketing));
        purposes.Equal("currencies for marketing", 0, marketing.Monetary.Count);
        purposes.Equal("withheld from marketing", "monetary traits.email traits.phone", string.Join(' ', marketing.Withheld.Select(w => w.Field).Order(StringComparer.Ordinal)));
        purposes.Equal("reason of a purpose nobody declared", "PURPOSE_UNDECLARED", await RefusalOfAsync("curiosity", cancel));
        report.Prove(purposes, $"service sees all; from marketing {marketing.Withheld.Count} fields are withheld, and named; the purpose \"curiosity\" is refused");
    }

    /// <summary>An audience that she comes into the moment an event says so, and why.</summary>
    public async Task EnterAnAudienceAsync(TimeProvider time, CancellationToken cancel)
    {
        const string Id = "repair-or-replace";
        const string Condition = "orders.count >= 1 and events[\"Chat Message\"].count >= 2 and interests.top == \"Washing machines\"";
        report.Chapter("4. An audience, right now");
        report.Say("Who bought from us, asks for help twice, and looks at washing machines most?");
        report.Show($"cdp segment put {Id} '{Condition}'");
        await client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = Id, Expression = Condition } }, Patience, cancel);
        var before = await client.Segments.CountMembersAsync(new CountMembersRequest { Segment = Id }, Patience, cancel);
        report.Say("Nobody yet. Then the chat says \"are you there?\":");
        var token = await PublishAsync([Chatted("anna-chat-2", 2, "Are you there?")], cancel);
        var acknowledged = time.GetTimestamp();
        var count = await client.Segments.CountMembersAsync(new CountMembersRequest { Segment = Id, AfterToken = token }, Patience, cancel);
        var entered = time.GetElapsedTime(acknowledged);
        var explain = new ExplainMembershipRequest { Customer = new CustomerRef { Identifier = Phone }, Segment = Id, Purpose = "service" };
        var why = await client.Segments.ExplainMembershipAsync(explain, Patience, cancel);
        report.Show(SegmentText.Write(why));
        _events++;

        var proof = new Proof("segment-entered");
        proof.Equal("members before", 0, before.Members);
        proof.Equal("members after", 1, count.Members);
        proof.Equal("the member", (_customer, true), (why.CustomerId, why.Member));
        report.Prove(proof, $"counted as a member {entered.TotalMilliseconds:0.0} ms after the acknowledgement");
    }

    /// <summary>What was acknowledged and read before a kill must be there after it.</summary>
    public async Task CheckAsync(CdpClient restarted, Proof proof, CancellationToken cancel)
    {
        var request = new GetProfileRequest { Customer = new CustomerRef { Identifier = Phone }, Purpose = "service", Fields = { Fields } };
        var profile = (await restarted.Profiles.GetProfileAsync(request, Patience, cancel)).Profile;
        proof.Equal("Anna's customer", _customer, profile.CustomerId);
        proof.Equal("Anna's events", _events, profile.RecentEvents.Count);
    }

    private async Task ShowEvidenceAsync(string phone, string token, CancellationToken cancel)
    {
        var request = new DescribeIdentityRequest { Customer = new CustomerRef { Identifier = Phone }, Purpose = "service", AfterToken = token };
        var identity = await client.Identities.DescribeIdentityAsync(request, Patience, cancel);
        report.Say("Why? Every decision names the event that showed it:");
        report.Show(IdentityText.Write(identity));
        var evidence = new Proof("evidence");
        if (!identity.FormerCustomerIds.Contains(phone)) evidence.Fail($"expected {phone} among the former ids, got {string.Join(' ', identity.FormerCustomerIds)}");
        var merged = identity.Facts.FirstOrDefault(f => f.Merged?.MergedCustomerId == phone);
        evidence.Equal("the event that merged the phone", LoginEvent, merged?.Evidence?.EventId);
        var byOldId = new GetProfileRequest { Customer = new CustomerRef { CustomerId = phone }, Purpose = "service" };
        evidence.Equal("where the old id leads", identity.CustomerId, (await client.Profiles.GetProfileAsync(byOldId, Patience, cancel)).Profile.CustomerId);
        report.Prove(evidence, $"{identity.Facts.Count} facts; the merge of {phone} rests on event {LoginEvent}; the old id still leads here");
    }

    private async Task<string?> RefusalOfAsync(string purpose, CancellationToken cancel)
    {
        try
        {
            await ReadAsync(Account, "", purpose, [], cancel);
            return "none";
        }
        catch (CallException e) when (e.StatusCode == Code.InvalidArgument)
        {
            return e.Reason;
        }
    }

    private async Task<string> PublishAsync(Event[] events, CancellationToken cancel)
    {
        var response = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { events } }, Patience, cancel);
        return response.Token;
    }

    private Task<Profile> ReadAsync(Identifier who, string token, CancellationToken cancel) => ReadAsync(who, token, "service", Fields, cancel);

    private async Task<Profile> ReadAsync(Identifier who, string token, string purpose, string[] fields, CancellationToken cancel)
    {
        var request = new GetProfileRequest { Customer = new CustomerRef { Identifier = who }, Purpose = purpose, AfterToken = token, Fields = { fields } };
        return (await client.Profiles.GetProfileAsync(request, Patience, cancel)).Profile;
    }

    private Event Bought()
    {
        var made = Make("anna-order", "Order Completed", "store", 4 * 365 * 24 * 60, Account);
        made.Properties["order_id"] = Text("O-2022-4711");
        made.Properties["currency"] = Text("EUR");
        made.Properties["products"] = new Value
        {
            ListValue = new ListValue
            {
                Values =
                {
                    new Value
                    {
                        MapValue = new MapValue
                        {
                            Fields = { ["product_id"] = Text("WM-5000"), ["quantity"] = new Value { IntValue = 1 }, ["price"] = Amount("479.00"), ["category"] = Text("Washing machines") },
                        },
                    },
                },
            },
        };
        made.Traits = new TraitChanges { Set = { ["name"] = Text("Anna Berg"), ["phone"] = Text("+49 151 5550100") } };
        return made;
    }

    private Event Viewed(int number, string product, int minutesAgo, string price)
    {
        var made = Make($"anna-view-{number}", "Product Viewed", "web", minutesAgo, Phone);
        made.Properties["product_id"] = Text(product);
        made.Properties["category"] = Text("Washing machines");
        made.Properties["price"] = Amount(price);
        return made;
    }

    private Event Chatted(string id, int minutesAgo, string text)
    {
        var made = Make(id, "Chat Message", "chat", minutesAgo, Phone, Address("anna.berg@example.org"));
        made.Properties["text"] = Text(text);
        made.Traits = new TraitChanges { Set = { ["email"] = Text("anna.berg@example.org"), ["complaint"] = Text("open") } };
        return made;
    }

    private Event SignedIn() => Make(LoginEvent, "Signed In", "web", 5, Laptop, Account, Address(" Anna.Berg@Example.org"));

    private Event Make(string id, string type, string channel, int minutesAgo, params Identifier[] identifiers) => new()
    {
        Id = id,
        Kind = EventKind.Track,
        Type = type,
        Source = channel == "chat" ? "helpdesk" : EventFactory.Source,
        Channel = channel,
        OccurredAt = new Timestamp { UnixMicros = UnixTime.Micros(now.AddMinutes(-minutesAgo)), UtcOffsetMinutes = 60 },
        Identifiers = { identifiers },
    };

    private static string Names(Profile profile) => string.Join(' ', profile.Traits.Where(t => t.Status == ValueStatus.Ok).Select(t => t.Name).Order(StringComparer.Ordinal));

    private static Identifier Address(string address) => new() { Namespace = "email", Value = address };

    private static Value Text(string text) => new() { StringValue = text };

    private static Value Amount(string amount) => new() { DecimalValue = amount };
}
