using Cdp.Domain.Decisions;
using Cdp.Domain.Expressions;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Decisions;

/// <summary>A decision about whom nothing is known: its own history, of itself and its outcomes, in one state.</summary>
public sealed class VisitorDecisionGrain : IVisitorDecision, IGrainLifecycle
{
    /// <summary>Kind of the states that hold visitors' decisions. They stand nowhere else.</summary>
    public const string StateKind = "visitor-decision";

    private readonly IDefinitions _definitions;
    private readonly IModels _models;
    private readonly IStepObserver _steps;
    private readonly string _tenant;
    private readonly string _id;
    private readonly GrainState<VisitorDecisionState> _kept;
    private DecisionMemory _memory = new();

    /// <summary>Makes the grain for one activation.</summary>
    public VisitorDecisionGrain(IGrainContext context, IStateStore states, IDefinitions definitions, IModels models, IStepObserver steps)
    {
        _definitions = definitions;
        _models = models;
        _steps = steps;
        (_tenant, _id) = GrainCatalog.PartsOf(context.Key);
        _kept = new GrainState<VisitorDecisionState>(context, states, StateKind, VisitorDecisionState.Parser);
    }

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        await _kept.ReadAsync(cancellationToken);
        if (_kept.Value is not { } kept) return;
        DecisionFold.Absorb(_memory, kept.Entry);
        foreach (var outcome in kept.Outcomes) DecisionFold.Absorb(_memory, outcome);
    }

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<DecideVisitorReply> Decide(DecideVisitorRequest request, CancellationToken cancellationToken)
    {
        if (_kept.Value is not null || !DecisionId.TryParse(_id, out var id)) throw new InvalidOperationException("A visitor's decision is made once, under a new id.");
        var definitions = await DefinitionsAsync(cancellationToken);
        if (definitions.Actions.FindPlacement(request.Call.Placement) is not { } placement) return new DecideVisitorReply();
        var model = await _models.GetAsync(definitions, placement, cancellationToken);
        var facts = new CallFacts(placement.Definition.Channel, request.Call.Context);
        var subject = new Subject(new ProfileState(), definitions.InterestHalfLifeMicros, id.AtMicros, facts);
        var decision = Decider.Decide(model, DecisionCalls.Of(request.Call, id, DecisionCalls.NextRandom().Seed, request.Purpose), subject, remembered: null);
        await _kept.WriteAsync(new VisitorDecisionState { Entry = decision.Entry }, CancellationToken.None);
        _steps.Reached(RecoverySteps.VisitorDecided);
        DecisionFold.Absorb(_memory, decision.Entry);
        return new DecideVisitorReply { Response = UnsafeByteOperations.UnsafeWrap(decision.Encoded) };
    }

    /// <inheritdoc/>
    public async ValueTask<ApplyOutcomesReply> Apply(ApplyOutcomesRequest request, CancellationToken cancellationToken)
    {
        var definitions = await DefinitionsAsync(cancellationToken);
        var intake = new OutcomeIntake(_memory, definitions.CurrencyCode);
        var next = _kept.Value?.Clone() ?? new VisitorDecisionState();
        var known = next.Outcomes.Count;
        foreach (var entry in request.Entries)
        {
            if (intake.Take(entry) is { } taken) next.Outcomes.Add(taken);
        }

        if (next.Outcomes.Count > known)
        {
            await _kept.WriteAsync(next, CancellationToken.None);
            _steps.Reached(RecoverySteps.OutcomesAppended);
            _memory = intake.Memory;
        }

        var reply = new ApplyOutcomesReply { Effects = { intake.Effects } };
        foreach (var (partition, position) in intake.Redelivered ?? [])
        {
            if (next.Outcomes.First(o => o.Partition == partition && o.Position == position).Effect is { } effect) reply.Effects.Add(effect);
        }

        return reply;
    }

    /// <inheritdoc/>
    public ValueTask<ReadCreditsReply> ReadCredits(ReadCreditsRequest request, CancellationToken cancellationToken)
    {
        var reply = new ReadCreditsReply { Standing = CustomerStanding.Here };
        foreach (var entry in request.Outcomes) reply.Credits.Add(OutcomeIntake.CreditOf(_memory, entry, request.Carried));
        return new(reply);
    }

    /// <inheritdoc/>
    public ValueTask<ReadDecisionReply> ReadDecision(ReadDecisionRequest request, CancellationToken cancellationToken) =>
        new(new ReadDecisionReply { Standing = CustomerStanding.Here, Entry = _kept.Value?.Entry });

    private async ValueTask<Definitions> DefinitionsAsync(CancellationToken cancellationToken) =>
        await _definitions.GetAsync(_tenant, cancellationToken) ?? throw new InvalidOperationException($"Tenant '{_tenant}' is not known.");
}
