using System.Collections.Concurrent;
using Cdp.Client;
using Cdp.Domain.Decisions;
using Cdp.Domain.Learning;
using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.CrashKit;

/// <summary>Compares what a server says of decisions and their outcomes with the ledger.</summary>
internal sealed class DecisionComparer(CdpClient client, DecisionLedger ledger, DecisionCatalog catalog, DecisionCallers callers)
{
    private const string Purpose = "service";
    private const int PageSize = 1_000;
    private const int Readers = 8;
    private static readonly CallOptions Patient = new() { Timeout = TimeSpan.FromSeconds(30) };

    private readonly ConcurrentQueue<string> _differences = new();
    private readonly ConcurrentDictionary<string, ExplainDecisionResponse?> _explained = new(StringComparer.Ordinal);

    public async Task<DecisionComparison> RunAsync(CancellationToken cancellationToken)
    {
        var answered = ledger.Decisions.ToDictionary(decision => decision.Id, StringComparer.Ordinal);
        await EachAsync(answered.Keys, ExplainAsync, cancellationToken);
        foreach (var decision in answered.Values.Where(IsLost)) await callers.RecordLostAsync(client, decision, cancellationToken);
        var sent = ledger.Outcomes.ToLookup(outcome => outcome.Decision.Id, StringComparer.Ordinal);
        foreach (var decision in answered.Values) Compare(decision, sent[decision.Id]);

        int unanswered = 0, capped = 0, merged = 0;
        var rules = new CapComparer(sent, Differ);
        foreach (var shopper in callers.Shoppers)
        {
            var (ids, customers) = await ListAsync(shopper, cancellationToken);
            await EachAsync(ids.Where(id => !_explained.ContainsKey(id)), ExplainAsync, cancellationToken);
            foreach (var decision in answered.Values.Where(d => d.Shopper == shopper && d.Response.CustomerId.Length > 0 && ids.Contains(d.Id) == IsLost(d)))
                Differ($"{decision.Id} is {(IsLost(decision) ? "listed and cannot be explained" : "explained and not listed")}");
            var kept = ids.Where(id => _explained[id] is not null).Select(id => Kept(id, answered)).ToList();
            unanswered += kept.Count(decision => decision.Answered is null);
            merged += kept.Count(decision => !customers.Contains(decision.Id.Customer));
            capped += rules.Compare(kept);
        }

        var outcomes = ledger.Outcomes.Where(outcome => !IsLost(outcome.Decision) && outcome.Decision.Response.Mode != DecisionMode.DryRun).ToList();
        var version = 0L;
        foreach (var placement in DecisionCatalog.Placements) version = await CompareEvidenceAsync(placement, outcomes, cancellationToken);
        foreach (var wrong in ledger.Wrong) Differ(wrong);
        return new DecisionComparison
        {
            Answered = answered.Count,
            Unanswered = unanswered,
            LostAsync = answered.Values.Count(IsLost),
            EditedSince = _explained.Values.Count(explained => explained is not null && explained.DefinitionsVersion < version),
            CappedOffers = capped,
            OfMerged = merged,
            Outcomes = outcomes.Count,
            Differences = [.. _differences],
        };
    }

    private bool IsLost(AnsweredDecision decision) => _explained[decision.Id] is null;

    private void Compare(AnsweredDecision decision, IEnumerable<SentOutcome> sent)
    {
        if (_explained[decision.Id] is { } explained)
        {
            if (explained.Decision.ToByteString() != decision.Bytes) Differ($"{decision.Id} was {decision.Response} and is explained as {explained.Decision}");
        }
        else if (decision.IsPromised)
        {
            Differ($"{decision.Id} was answered as {decision.Response.Consistency} and is lost");
        }

        foreach (var outcome in sent)
        {
            if (outcome.Credit is null) Differ($"Outcome {outcome.Outcome.Id} of {decision.Id} is not answered");
            else if (outcome.ProvesDecision == IsLost(decision)) Differ($"{decision.Id} is {(IsLost(decision) ? "lost" : "there")} and its outcome {outcome.Outcome.Id} came to {outcome.Credit}");
        }
    }

    private async Task ExplainAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            _explained[id] = await client.Decisions.ExplainDecisionAsync(new ExplainDecisionRequest { DecisionId = id, Purpose = Purpose }, Patient, cancellationToken);
        }
        catch (CallException e) when (e.StatusCode == Code.NotFound)
        {
            _explained[id] = null;
        }
        catch (CallException e) when (e.StatusCode is Code.DataLoss or Code.Internal)
        {
            _explained[id] = null;
            Differ($"{id} cannot be explained: {e.Message}");
        }
    }

    /// <summary>The ids of a shopper's decisions, and the customers that the devices belong to now.</summary>
    private async Task<(HashSet<string> Ids, HashSet<string> Customers)> ListAsync(Shopper shopper, CancellationToken cancellationToken)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var customers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var device in shopper.Devices)
        {
            var identifier = new Identifier { Namespace = "device", Value = device };
            try
            {
                customers.Add((await client.Identities.ResolveIdentifierAsync(new ResolveIdentifierRequest { Identifier = identifier, AfterToken = shopper.JoinToken }, Patient, cancellationToken)).CustomerId);
            }
            catch (CallException e) when (e.StatusCode == Code.NotFound && shopper.Token.Length == 0)
            {
                // The event that was to make it was never acknowledged.
                continue;
            }

            var request = new ListDecisionsRequest { Customer = new CustomerRef { Identifier = identifier }, Purpose = Purpose, PageSize = PageSize };
            do
            {
                var page = await client.Decisions.ListDecisionsAsync(request, Patient, cancellationToken);
                ids.UnionWith(page.Decisions.Select(decision => decision.DecisionId));
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
        }

        if (shopper.JoinToken.Length > 0 && customers.Count != 1) Differ($"{shopper.Devices[0]} and {shopper.Devices[1]} are one, and the server says: {string.Join(' ', customers)}");
        return (ids, customers);
    }

    private KeptDecision Kept(string id, Dictionary<string, AnsweredDecision> answered) =>
        DecisionId.TryParse(id, out var place)
            ? new KeptDecision(place, _explained[id]!.Decision, answered.GetValueOrDefault(id))
            : throw new InvalidOperationException($"{id} is no id of a decision.");

    /// <summary>Compares what is known of each action with the ledger: the counts, what is expected, and what is drawn from it.</summary>
    private async Task<long> CompareEvidenceAsync(string placement, IReadOnlyCollection<SentOutcome> outcomes, CancellationToken cancellationToken)
    {
        var request = new DecideRequest { Placement = placement, Purpose = Purpose, Mode = DecisionMode.DryRun };
        var decided = await client.Decisions.DecideAsync(request, Patient, cancellationToken);
        var explained = await client.Decisions.ExplainDecisionAsync(new ExplainDecisionRequest { DecisionId = decided.DecisionId, Purpose = Purpose }, Patient, cancellationToken);
        var candidates = explained.Candidates.Where(c => c.ActionId.Length > 0).ToDictionary(c => c.ActionId, StringComparer.Ordinal);
        var actions = DecisionCatalog.ActionsOf(placement);
        if (!candidates.Keys.Order(StringComparer.Ordinal).SequenceEqual(actions)) Differ($"In {placement} compete {string.Join(' ', candidates.Keys)}");
        var random = new SeededRandom(explained.Seed);
        var ofPlacement = outcomes.Where(outcome => actions.Contains(outcome.Outcome.ActionId) && PlacementOf(outcome) == placement).ToList();
        foreach (var action in actions)
        {
            var evidence = DecisionEvidence.Of(ofPlacement, placement, action);
            var value = catalog.ValueOf(action);
            var belief = DecisionEvidence.BeliefOf(placement, value, evidence);
            var scale = placement == DecisionCatalog.Values ? 1 : value;
            var expected = (evidence.Trials, evidence.Successes, belief.Mean * scale, belief.Sample(ref random) * scale);
            if (!candidates.TryGetValue(action, out var known)) continue;
            var learned = (known.Trials, known.Successes, known.Expected, known.Score);
            if (learned != expected) Differ($"{placement} learned {learned} of {action}, and the outcomes say {expected}");
        }

        return explained.DefinitionsVersion;
    }

    private string PlacementOf(SentOutcome outcome) => _explained[outcome.Decision.Id]!.Placement;

    private void Differ(string difference) => _differences.Enqueue(difference);

    private static Task EachAsync(IEnumerable<string> ids, Func<string, CancellationToken, Task> read, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        ids, new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken }, async (id, token) => await read(id, token));
}
