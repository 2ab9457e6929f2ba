// A first conversation with a running server, by Cdp.Client. Ends with an error where an answer is not as expected.
using Cdp.Client;
using Cdp.V1;

var key = Environment.GetEnvironmentVariable("CDP_KEY");
if (string.IsNullOrEmpty(key))
{
    Console.Error.WriteLine("CDP_KEY is not set. Say: export CDP_KEY=\"$(cat data/operator.key)\"");
    return 1;
}

var server = new Uri(Environment.GetEnvironmentVariable("CDP_URL") ?? "http://127.0.0.1:7878");
using var cdp = new CdpClient(server, key, new RpcChannelOptions { DefaultTimeout = TimeSpan.FromSeconds(30) });
try
{
    // Somebody reads the prices under a cookie, then signs in with an address. Each event has an id that its sender chooses:
    // sent again, as by the next run of this program, it counts once.
    var cookie = new Identifier { Namespace = "cookie", Value = "csharp-browser" };
    var email = new Identifier { Namespace = "email", Value = "csharp@example.com" };
    var visit = new Event { Id = "visit", Type = "Pricing Viewed", Source = "quick-start-csharp", Channel = "web", Identifiers = { cookie } };
    var signIn = new Event { Id = "sign-in", Kind = EventKind.Identify, Source = "quick-start-csharp", Channel = "web", Identifiers = { cookie, email } };
    var published = await cdp.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { visit, signIn } });
    Expect(published.Accepted == 2, "2 events to be accepted", published);
    Console.WriteLine("published   2 events: a visit under a cookie, a sign-in with the cookie and an address");

    // The address finds the customer who made the visit. With the token, the read waits until it sees both events.
    var customer = new CustomerRef { Identifier = email };
    var read = await cdp.Profiles.GetProfileAsync(new GetProfileRequest { Customer = customer, Purpose = "service", Fields = { "activity" }, AfterToken = published.Token });
    Expect(read.Profile.Activity.Types_.Any(seen => seen is { Type: "Pricing Viewed", Count: 1 }), "one visit", read);
    Console.WriteLine($"recognised  customer {read.Profile.CustomerId} by the address: Pricing Viewed, once");

    // What may be offered, to whom, and where. Putting both again changes nothing but their version.
    var trial = new Cdp.V1.Action
    {
        Id = "quick_start_trial",
        DisplayName = "Try it for a month",
        Labels = { "quick_start" },
        Payloads = { new Payload { Channel = "web", Key = "trial-banner" } },
        Eligibility = "events[\"Pricing Viewed\"].count >= 1",
    };
    var placement = new Placement { Id = "quick_start", Channel = "web", ActionLabels = { "quick_start" } };
    await cdp.Decisions.PutActionAsync(new PutActionRequest { Action = trial });
    await cdp.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = placement });
    var decision = await cdp.Decisions.DecideAsync(new DecideRequest { Placement = "quick_start", Identifiers = { cookie }, Purpose = "service", AfterToken = published.Token });
    var offer = decision.Ranked.FirstOrDefault(action => action.ActionId == trial.Id);
    Expect(offer is not null, "quick_start_trial among the offers", decision);
    Console.WriteLine($"offered     {offer!.ActionId}, shown as {offer.Payload.Key}");

    // What came of it is what placements learn from.
    var accepted = new Outcome { Id = "accepted", DecisionId = decision.DecisionId, ActionId = trial.Id, Kind = OutcomeKind.Accepted };
    var outcomes = await cdp.Decisions.RecordOutcomesAsync(new RecordOutcomesRequest { Outcomes = { accepted } });
    Expect(outcomes.Results[0].Credit == OutcomeCredit.Credited, "a credited outcome", outcomes);
    Console.WriteLine("outcome     accepted, and credited to the decision");

    // An error says what to do; programs go by its reason. Remedy: name a declared purpose, as above, or declare this one.
    try
    {
        var curious = await cdp.Profiles.GetProfileAsync(new GetProfileRequest { Customer = customer, Purpose = "curiosity" });
        Expect(false, "a purpose that nobody declared to be refused", curious);
    }
    catch (CallException e) when (e.Reason == "PURPOSE_UNDECLARED")
    {
        Console.WriteLine($"refused     {e.Reason}: {e.Message}");
    }

    // What the customer allows is in force when the call returns. The same RequestId again counts once.
    var act = new ConsentAct { Purpose = "marketing", Granted = true, Channel = "email", Proof = "newsletter form, 2026" };
    var recorded = await cdp.Consents.RecordConsentAsync(
        new RecordConsentRequest { Customer = customer, Acts = { act }, Source = "quick-start-csharp", SaidOn = "web", RequestId = "newsletter-form" });
    Expect(recorded.Consents.Any(consent => consent.Purpose == "marketing" && consent.Acts.Any(said => said is { Channel: "email", Allowed: true })), "marketing by e-mail to be allowed", recorded);
    Console.WriteLine("consent     marketing by e-mail is allowed");
    Console.WriteLine("All as expected.");
    return 0;
}
catch (Exception e) when (e is CallException or InvalidOperationException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static void Expect(bool condition, string what, object answer)
{
    if (!condition) throw new InvalidOperationException($"expected {what}, got: {answer}");
}
