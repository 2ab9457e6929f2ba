using System.Globalization;
using System.Text;
using Cdp.Client;
using Cdp.Node.Commands;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Demo;

/// <summary>
/// A placement that learns: visits of the crowd are decided by the server, which hears what was accepted, and by two others
/// that learn nothing: one at random, and one that knows the ledger.
/// </summary>
internal sealed class LearningCheck(Crowd crowd, LedgerCheck people, TimeProvider time)
{
    /// <summary>Visits that are decided.</summary>
    public const int Visits = 5_000;

    /// <summary>Visits decided before their outcomes are told.</summary>
    public const int Round = 100;

    /// <summary>Visits at the end, by which it has to be learned what is best.</summary>
    public const int LastVisits = 1_000;

    /// <summary>
    /// Of the way from random to the best possible, what has to be covered. Thompson sampling covers 96 % with a standard
    /// deviation of 1 %, and 78 % where the best action is refused the first 31 times, as happens once in a million. Without
    /// learning it is 0, and what is only second best covers nothing either.
    /// </summary>
    public const double LeastOfTheWay = 0.5;

    /// <summary>The same for the last visits.</summary>
    public const double LeastOfTheWayAtLast = 0.75;

    private const string Placement = "app-start";
    private const int InFlight = 16;

    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(60) };

    private static readonly (string Id, string Name)[] Offers =
    [
        ("care_plan", "Five years of care"), ("old_machine", "We take the old one away"), ("cable_set", "Cables at half price"), ("club", "Join the club"),
        ("gift_card", "A gift card"), ("repair_cafe", "Repair café on Saturday"), ("survey", "Two questions"), ("trade_in", "Trade your phone in"),
    ];

    private readonly int[] _shown = new int[Offers.Length];
    private readonly int[] _accepted = new int[Offers.Length];

    /// <summary>Whether what was accepted is so near to the best possible that it must have been learned.</summary>
    public static bool IsLearned(Acceptance all, Acceptance last) => all.Way >= LeastOfTheWay && last.Way >= LeastOfTheWayAtLast;

    /// <summary>Lets the placement learn, and compares.</summary>
    public async Task RunAsync(CdpClient client, DemoReport report, long seed, CancellationToken cancel)
    {
        var ledger = new AcceptanceLedger(seed);
        var visits = new SplitMix(seed + 3);
        await DefineAsync(client, cancel);
        report.Say($"When the app starts it may show one of {Offers.Length} offers. Nobody knows what people like but the ledger, which keeps it to itself.");
        var started = time.GetTimestamp();
        var (all, last) = (default(Acceptance), default(Acceptance));
        for (var visit = 0; visit < Visits; visit += Round)
        {
            var accepted = await DecideAsync(client, ledger, visit, [.. Enumerable.Range(0, Round).Select(_ => visits.Below(crowd.People.Count))], cancel);
            var round = Enumerable.Range(visit, Round).ToList();
            var acceptance = new Acceptance(round.Count(i => ledger.IsAccepted(i, visits.Below(Offers.Length))), accepted, round.Count(i => ledger.IsAccepted(i, ledger.Best)));
            all += acceptance;
            if (visit >= Visits - LastVisits) last += acceptance;
        }

        var elapsed = time.GetElapsedTime(started);
        var explained = await ExplainAsync(client, cancel);
        Show(report, ledger, explained);
        report.Say($"{Visits:N0} decisions and their outcomes in {elapsed.TotalSeconds:0.0} s. Of its last {LastVisits:N0} offers {last.Learned} were accepted; the best possible is {last.Best}.");
        var proof = new Proof("learning");
        if (!IsLearned(all, last))
        {
            proof.Fail(string.Create(
                CultureInfo.InvariantCulture,
                $"expected {LeastOfTheWay * 100:0} % of the way from random to the best possible, {LeastOfTheWayAtLast * 100:0} % at last, got {all.Way * 100:0} % ({all.Learned:N0}) and {last.Way * 100:0} %"));
        }

        foreach (var (candidate, action) in explained.Candidates.Where(c => c.ActionId.Length > 0).Select(c => (c, IndexOf(c.ActionId))))
            proof.Equal($"what is known of {candidate.ActionId}", (_accepted[action], _shown[action]), ((int)candidate.Successes, (int)candidate.Trials));
        proof.Equal("offers known", Offers.Length, explained.Candidates.Count(c => c.ActionId.Length > 0));
        report.Prove(proof, $"accepted per 1,000 decisions: {PerThousand(all.Random)} at random, {PerThousand(all.Learned)} learned, {PerThousand(all.Best)} best possible by the ledger; no outcome lost or counted twice");
    }

    private static async Task DefineAsync(CdpClient client, CancellationToken cancel)
    {
        foreach (var (id, name) in Offers)
        {
            var action = new Cdp.V1.Action { Id = id, DisplayName = name, Payloads = { new Payload { Channel = "app", Key = $"start/{id}" } } };
            await client.Decisions.PutActionAsync(new PutActionRequest { Action = action }, Patience, cancel);
        }

        await client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = new Placement { Id = Placement, Channel = "app" } }, Patience, cancel);
    }

    /// <summary>Decides one round of visits, tells what became of them, and returns how many accepted.</summary>
    private async Task<int> DecideAsync(CdpClient client, AcceptanceLedger ledger, int firstVisit, int[] visitors, CancellationToken cancel)
    {
        var outcomes = new Outcome[visitors.Length];
        var limits = new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancel };
        await Parallel.ForAsync(0, visitors.Length, limits, async (i, stop) =>
        {
            var decision = await client.Decisions.DecideAsync(Ask(people.AskFor(visitors[i], out _)), Patience, stop);
            var shown = decision.Ranked.Count > 0 ? decision.Ranked[0].ActionId : "";
            if (IndexOf(shown) < 0) throw new CommandException($"The server was asked for one of {Offers.Length} offers and answered '{shown}'.");
            var kind = ledger.IsAccepted(firstVisit + i, IndexOf(shown)) ? OutcomeKind.Accepted : OutcomeKind.Shown;
            outcomes[i] = new Outcome { Id = "1", DecisionId = decision.DecisionId, ActionId = shown, Kind = kind };
        });
        var response = await client.Decisions.RecordOutcomesAsync(new RecordOutcomesRequest { Outcomes = { outcomes } }, Patience, cancel);
        if (response.Results.FirstOrDefault(result => result.Credit != OutcomeCredit.Credited) is { } refused)
            throw new CommandException($"The server did not learn from an outcome: {refused.Credit} {refused.Message}");
        foreach (var outcome in outcomes)
        {
            _shown[IndexOf(outcome.ActionId)]++;
            if (outcome.Kind == OutcomeKind.Accepted) _accepted[IndexOf(outcome.ActionId)]++;
        }

        return outcomes.Count(outcome => outcome.Kind == OutcomeKind.Accepted);
    }

    /// <summary>What the placement knows in the end, by the receipt of one more decision.</summary>
    private async Task<ExplainDecisionResponse> ExplainAsync(CdpClient client, CancellationToken cancel)
    {
        var decision = await client.Decisions.DecideAsync(Ask(people.AskFor(0, out _)), Patience, cancel);
        return await client.Decisions.ExplainDecisionAsync(new ExplainDecisionRequest { DecisionId = decision.DecisionId, Purpose = "marketing" }, Patience, cancel);
    }

    private static void Show(DemoReport report, AcceptanceLedger ledger, ExplainDecisionResponse explained)
    {
        var table = new TextTable("offer", ">shown", ">accepted", ">learned rate", ">true rate", ">first with probability");
        foreach (var candidate in explained.Candidates.Where(c => c.ActionId.Length > 0).OrderByDescending(c => ledger.Rates[IndexOf(c.ActionId)]))
        {
            table.Add(
                candidate.ActionId, Text($"{candidate.Trials:N0}"), Text($"{candidate.Successes:N0}"), Text($"{candidate.Expected:0.000}"),
                Text($"{ledger.Rates[IndexOf(candidate.ActionId)]:0.000}"), Text($"{candidate.Propensity:0.####}"));
        }

        var text = new StringBuilder();
        table.WriteTo(text);
        report.Show(text.ToString());

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    private static DecideRequest Ask(Identifier who) =>
        new() { Placement = Placement, Identifiers = { who }, Purpose = "marketing", Consistency = DecisionConsistency.Async, OmitRemoved = true };

    private static int IndexOf(string id) => Array.FindIndex(Offers, offer => offer.Id == id);

    private static int PerThousand(int accepted) => (int)Math.Round(accepted * 1_000.0 / Visits);
}
