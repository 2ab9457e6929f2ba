using Cdp.Client;
using Cdp.Node.Commands.Printing;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Node.Demo;

/// <summary>What the shop offers Anna: before anybody knows her, before and after the login that makes her one customer.</summary>
internal sealed class AnnaOffers(CdpClient client, DemoReport report, TimeProvider time)
{
    private const string Placement = "home";
    private const string Promotion = "new_machine";
    private const string Help = "repair_visit";
    private const string Anything = "coffee_tasting";
    private const string Rule = "open_complaint";

    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(30) };
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private DecideResponse _forTheAccount = new();
    private DecideResponse _forThePhone = new();

    /// <summary>The receipts of all decisions made here.</summary>
    public ReceiptCheck Receipts { get; } = new();

    /// <summary>Puts the actions and the placement.</summary>
    public async Task DefineAsync(CancellationToken cancel)
    {
        Cdp.V1.Action[] actions =
        [
            Make(Promotion, "10 % off a new washing machine", "sale", "60", succeeded: 5),
            Make(Help, "A technician comes by", "service", "25", succeeded: 30),
            Make(Anything, "Coffee tasting in your store", "visit", "5", succeeded: 10),
        ];
        actions[0].Rules.Add(new ActionRule { Name = Rule, RemovedWhen = "traits.complaint == \"open\"" });
        actions[1].Eligibility = "traits.complaint == \"open\"";
        foreach (var action in actions) await PutAsync(action, cancel);
        var placement = new Placement { Id = Placement, DisplayName = "Top of the home page", Channel = "web", Slots = 2, Policy = PlacementPolicy.Exploit };
        await client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = placement }, Patience, cancel);
        report.Say("On top of its home page the shop shows two of three actions. The promotion has a rule: not while a complaint is open.");
        report.Show(DecisionText.Write(actions));
    }

    /// <summary>Decides for somebody whom nobody knows, and shows that no customer came of it.</summary>
    /// <param name="unknown">Never seen.</param>
    /// <param name="customers">How many there are.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task ToAVisitorAsync(Identifier unknown, int customers, CancellationToken cancel)
    {
        report.Say("Today somebody opens it on a phone that was never seen before. What now?");
        var proof = new Proof("visitor-decision");
        var decision = await DecideAsync(unknown, cancel);
        report.Show(DecisionText.Write(decision));
        proof.Equal("customer", "", decision.CustomerId);
        proof.Equal("what is offered", $"{Promotion} {Anything}", Ranked(decision));
        proof.Equal("what is removed", $"{Help}: eligibility", Removed(decision));
        proof.Equal("whom the phone belongs to", "CUSTOMER_NOT_FOUND", await OwnerOfAsync(unknown, cancel));
        proof.Equal("customers", customers, await CountCustomersAsync(cancel));
        report.Prove(proof, $"two offers for nobody in particular; the phone's cookie still leads to nobody, and a count of all customers finds {customers} as before");
    }

    /// <summary>Decides for each of her two halves, which do not know of each other.</summary>
    public async Task ToBothHalvesAsync(Identifier account, Identifier phone, CancellationToken cancel)
    {
        _forThePhone = await DecideAsync(phone, cancel);
        _forTheAccount = await DecideAsync(account, cancel);
        report.Say("Asked now, the home page offers the phone a technician, but to the account it would sell a new machine:");
        report.Show(DecisionText.Write(_forTheAccount));
    }

    /// <summary>The same question, after the login.</summary>
    public async Task ToAnnaAsync(Identifier account, string customer, CancellationToken cancel)
    {
        report.Chapter("2. What now, for this customer?");
        report.Say("The same question for the same account, after the login. The complaint that the chat opened is hers now, and its");
        report.Say("receipt says what was decided, what competed, and which rule removed the rest:");
        var decision = await DecideAsync(account, cancel);
        report.Show($"cdp why {decision.DecisionId}\n\n{DecisionText.Write(await ReceiptCheck.ExplainAsync(client, decision.DecisionId, cancel))}");
        var proof = new Proof("open-complaint");
        proof.Equal("what the phone was offered before", $"{Help} {Anything}", Ranked(_forThePhone));
        proof.Equal("what the account was offered before", $"{Promotion} {Anything}", Ranked(_forTheAccount));
        proof.Equal("customer", customer, decision.CustomerId);
        proof.Equal("what is offered", $"{Help} {Anything}", Ranked(decision));
        proof.Equal("what is removed", $"{Promotion}: {Rule}", Removed(decision));
        report.Prove(proof, $"{Promotion}, first for her account before the login, is removed by the rule {Rule} after it; {Help} comes first");

        report.Say("Now the shop edits both actions. What was decided stays explained as it was: see after the kill below.");
        var promotion = Make(Promotion, "20 % off a new washing machine", "sale", "90", succeeded: 9);
        await PutAsync(promotion, cancel);
        await PutAsync(Make(Help, "A technician comes by tomorrow", "service", "40", succeeded: 50), cancel);
    }

    private async Task PutAsync(Cdp.V1.Action action, CancellationToken cancel)
    {
        var stored = await client.Decisions.PutActionAsync(new PutActionRequest { Action = action }, Patience, cancel);
        action.Version = stored.Action.Version;
    }

    private async Task<DecideResponse> DecideAsync(Identifier who, CancellationToken cancel)
    {
        var request = new DecideRequest { Placement = Placement, Identifiers = { who }, Purpose = "service", Consistency = DecisionConsistency.Sync };
        var decision = await client.Decisions.DecideAsync(request, Patience, cancel);
        Receipts.Keep(decision);
        return decision;
    }

    private async Task<string> OwnerOfAsync(Identifier identifier, CancellationToken cancel)
    {
        try
        {
            return (await client.Identities.ResolveIdentifierAsync(new ResolveIdentifierRequest { Identifier = identifier }, Patience, cancel)).CustomerId;
        }
        catch (CallException e) when (e.StatusCode == Code.NotFound)
        {
            return e.Reason ?? "";
        }
    }

    /// <summary>Counts by the backfill of a segment, which visits everybody who was ever made.</summary>
    private async Task<long> CountCustomersAsync(CancellationToken cancel)
    {
        const string Everybody = "everybody";
        await client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = Everybody, Expression = "events.count >= 0" } }, Patience, cancel);
        var count = await client.Segments.CountMembersAsync(new CountMembersRequest { Segment = Everybody }, Patience, cancel);
        while (!count.Backfill.Done)
        {
            await Task.Delay(Pause, time, cancel);
            count = await client.Segments.CountMembersAsync(new CountMembersRequest { Segment = Everybody }, Patience, cancel);
        }

        await client.Segments.DeleteSegmentAsync(new DeleteSegmentRequest { Id = Everybody }, Patience, cancel);
        return count.Backfill.Customers;
    }

    private static string Ranked(DecideResponse decision) => string.Join(' ', decision.Ranked.Select(action => action.ActionId));

    private static string Removed(DecideResponse decision) => string.Join(' ', decision.Removed.Select(action => $"{action.ActionId}: {action.Rule}"));

    private static Cdp.V1.Action Make(string id, string name, string objective, string worth, int succeeded) => new()
    {
        Id = id,
        DisplayName = name,
        Objective = objective,
        Payloads = { new Payload { Channel = "web", Key = $"banner/{id}" } },
        Value = new Money { Amount = worth, CurrencyCode = "EUR" },
        Prior = new ActionPrior { Shown = 100, Succeeded = succeeded },
    };
}
