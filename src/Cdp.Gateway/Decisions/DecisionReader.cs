using System.Collections.Concurrent;
using System.Globalization;
using Cdp.Domain.Decisions;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Keys;
using Cdp.Grains.Customers;
using Cdp.Grains.Decisions;
using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Decisions;

/// <summary>Lists decisions and replays them, under the definitions and the model of their time.</summary>
internal sealed class DecisionReader(GatewayPorts ports, CustomerFinder finder, ConsentGate consents)
{
    private const int DefaultPage = 100;
    private const int MostSets = 64;

    /// <summary>Removals that say nothing of the customer.</summary>
    private static readonly HashSet<string> Impersonal = new(
        new[] { Removal.Placement, Removal.NoPayload, Removal.Purpose, Removal.Unreadable, Removal.NotYetValid, Removal.NoLongerValid }.Select(Removals.NameOf), StringComparer.Ordinal);

    private readonly ConcurrentDictionary<(string Tenant, long Version), ActionSet> _sets = new();

    /// <summary>Replays a decision.</summary>
    public async ValueTask<ExplainDecisionResponse> ExplainAsync(ExplainDecisionRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var purpose = ReadPurposes.Of(caller, request.Purpose);
        if (!DecisionId.TryParse(request.DecisionId, out var id))
            throw RpcError.InvalidField("decision_id", "Not the id of a decision. Pass DecideResponse.decision_id as it is.", OutcomeReasons.DecisionIdInvalid).ToException();
        var entry = await EntryAsync(caller, id, request.DecisionId, context.CancellationToken) ?? throw Unknown();
        var model = await ModelAsync(caller, entry, context.CancellationToken);
        var replayed = Receipt.Replay(entry, id.Customer, model);
        if (!replayed.IsExact)
        {
            throw new RpcError(Code.DataLoss, "The decision cannot be replayed to the bytes that were answered. Restore the histories of actions and models from a backup.")
            {
                Reason = "DECISION_NOT_REPLAYABLE",
            }.ToException();
        }

        CheckVisible(caller, purpose, entry, id, model, replayed);
        if (id.Customer.Length > 0)
            await consents.RequireAsync(caller, new CustomerRef { CustomerId = id.Customer }, purpose, newest: false, context.CancellationToken);
        var response = new ExplainDecisionResponse
        {
            Decision = replayed.Response,
            Placement = model.Placement.Definition.Id,
            PlacementVersion = model.Placement.Definition.Version,
            DefinitionsVersion = entry.Definitions,
            ModelVersion = entry.Model,
            Seed = entry.Seed,
        };
        response.Candidates.AddRange(Receipt.Candidates(entry, model));
        return response;
    }

    /// <summary>Lists a customer's decisions.</summary>
    public async ValueTask<ListDecisionsResponse> ListAsync(ListDecisionsRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var purpose = ReadPurposes.Of(caller, request.Purpose);
        var size = Pages.SizeOf(request.PageSize, DefaultPage, request.PageToken.Length == 0 || DecisionId.TryParse(request.PageToken, out _));
        await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);
        var read = new ReadDecisionsRequest { PageSize = size, PageToken = request.PageToken, Newest = request.AfterToken.Length > 0 };
        var reply = await finder.CallAsync(
            caller, request.Customer, "customer", static (customer, read, cancellationToken) => customer.ReadDecisions(read, cancellationToken), read,
            static r => (r.Standing, r.ForwardedTo), context.CancellationToken) ?? throw CustomerFinder.NotFound();
        await consents.RequireAsync(caller, request.Customer, purpose, read.Newest, context.CancellationToken);
        var response = new ListDecisionsResponse { NextPageToken = reply.NextPageToken };
        var names = NamesOf(caller);
        foreach (var entry in reply.Entries) response.Decisions.Add(await SummaryAsync(caller, entry, names, context.CancellationToken));
        return response;
    }

    /// <summary>Ids of the tenant's actions, by number.</summary>
    public static Dictionary<uint, string> NamesOf(Caller caller) => caller.Definitions.Config.Actions.ToDictionary(stored => stored.Number, stored => stored.Action.Id);

    /// <summary>A decision in short.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="entry">Its entry.</param>
    /// <param name="names">Ids of actions by number; receives those of actions that are deleted since.</param>
    /// <param name="cancellationToken">Cancels the calls.</param>
    public async ValueTask<DecisionSummary> SummaryAsync(Caller caller, DecisionEntry entry, Dictionary<uint, string> names, CancellationToken cancellationToken)
    {
        var summary = new DecisionSummary
        {
            DecisionId = entry.Id,
            DecidedAt = new Timestamp { UnixMicros = entry.At },
            Placement = caller.Definitions.Actions.FindPlacement(entry.Placement)?.Definition.Id ?? string.Empty,
            Mode = entry.Mode,
        };
        foreach (var offer in entry.Offers)
        {
            if (offer.Action == 0) continue;

            // A number is never another action's: one that is deleted since has the name that it had.
            if (!names.TryGetValue(offer.Action, out var name))
            {
                foreach (var action in (await SetAsync(caller, entry.Definitions, cancellationToken)).Actions) names.TryAdd(action.Number, action.Definition.Id);
                name = names[offer.Action];
            }

            summary.ActionIds.Add(name);
        }

        return summary;
    }

    private async ValueTask<DecisionEntry?> EntryAsync(Caller caller, DecisionId id, string text, CancellationToken cancellationToken)
    {
        var read = new ReadDecisionRequest { DecisionId = text };
        var reply = id.Customer.Length == 0
            ? await ports.Grains.Get<IVisitorDecision>($"{caller.Tenant}/{text}").ReadDecision(read, cancellationToken)
            : await ports.Grains.Get<ICustomer>($"{caller.Tenant}/{id.Customer}").ReadDecision(read, cancellationToken);
        return reply.Entry;
    }

    private async ValueTask<PlacementModel> ModelAsync(Caller caller, DecisionEntry entry, CancellationToken cancellationToken)
    {
        var set = await SetAsync(caller, entry.Definitions, cancellationToken);
        var key = string.Create(CultureInfo.InvariantCulture, $"{caller.Tenant}/{entry.Placement}");
        var model = await ports.Grains.Get<IModel>(key).Read(new ReadModelRequest { Version = entry.Model }, cancellationToken);
        if (model.State is null || set.FindPlacement(entry.Placement) is not { } placement)
            throw new InvalidDataException($"Decision {entry.Id} names a version of a model or of definitions that does not exist.");
        return new PlacementModel(set, placement, model.State);
    }

    private async ValueTask<ActionSet> SetAsync(Caller caller, long version, CancellationToken cancellationToken)
    {
        if (caller.Definitions.Actions.Version == version) return caller.Definitions.Actions;
        if (_sets.TryGetValue((caller.Tenant, version), out var known)) return known;
        var reply = await ports.Grains.Get<ITenant>(caller.Tenant).ReadDefinitions(new ReadDefinitionsRequest { Version = version }, cancellationToken);
        if (reply.Definitions is null) throw new InvalidDataException($"There is no version {version} of the definitions.");
        if (_sets.Count >= MostSets) _sets.Clear();
        return _sets[(caller.Tenant, version)] = ActionSet.Compile(reply.Definitions);
    }

    /// <summary>Refuses to tell what conditions came to that read what the purpose may not see.</summary>
    private static void CheckVisible(Caller caller, string purpose, DecisionEntry entry, DecisionId id, PlacementModel model, ReplayedDecision replayed)
    {
        var response = replayed.Response;
        if (entry.OmitRemoved)
        {
            var whole = entry.Clone();
            whole.OmitRemoved = false;
            response = Receipt.Replay(whole, id.Customer, model).Response;
        }

        var silent = response.Removed.Where(removed => Impersonal.Contains(removed.Rule)).Select(removed => removed.ActionId).ToHashSet(StringComparer.Ordinal);
        var withheld = model.Set.Actions.Where(action => !silent.Contains(action.Definition.Id)).SelectMany(action => action.Facets).Select(ProfileFields.Of)
            .FirstOrDefault(field => !caller.Definitions.MaySee(purpose, field));
        if (withheld is not null) throw ReadPurposes.Withheld(purpose, withheld);
    }

    private static RpcException Unknown() =>
        new RpcError(Code.NotFound, "There is no such decision: it was lost in a crash (ASYNC), or never made.") { Reason = "DECISION_UNKNOWN" }.ToException();
}
