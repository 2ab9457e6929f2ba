using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Expressions;
using Cdp.Domain.Tenants;
using Cdp.Domain.Tests.Expressions;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>A tenant whose actions and placements change, one that asks for decisions, and the logs that are kept of both.</summary>
internal sealed class DecisionWorld
{
    public const string Customer = "c0000000000000000000000001";
    public const long Second = 1_000_000;
    public const long Day = 86_400 * Second;

    private readonly List<DecisionChange> _changes = [];
    private readonly Dictionary<uint, List<ModelSlice>> _training = [];
    private Definitions _definitions = new(TenantDefaults.NewConfig("shop", new byte[32]));
    private ulong _nonce;

    public static long Now => Asking.Now;

    public TenantConfig Config => _definitions.Config;

    public ActionSet Set => _definitions.Actions;

    public IReadOnlyList<DecisionChange> Changes => _changes;

    /// <summary>What the customer remembers.</summary>
    public DecisionMemory Remembered { get; set; } = new();

    /// <summary>What is kept of it.</summary>
    public DecisionState Kept => Remembered.ToState();

    public static Cdp.V1.Action Action(string id, Action<Cdp.V1.Action>? with = null)
    {
        var action = new Cdp.V1.Action { Id = id, Payloads = { new Payload { Channel = "web", Key = $"banner/{id}" } } };
        with?.Invoke(action);
        return action;
    }

    public static Placement Placement(string id = "hero", Action<Placement>? with = null)
    {
        var placement = new Placement { Id = id, Channel = "web", Slots = 3, Fallback = new Payload { Channel = "web", Key = "nothing" } };
        with?.Invoke(placement);
        return placement;
    }

    public static Money Euro(string amount) => new() { CurrencyCode = "EUR", Amount = amount };

    /// <summary>Somebody of whom nothing is known.</summary>
    public static Subject Nobody(long at) => About(new ProfileState(), at);

    public static Subject About(ProfileState profile, long at) => Asking.About(profile) with { NowMicros = at };

    public EventRefusal? Put(Cdp.V1.Action action) => Apply(new ChangeTenantRequest { PutAction = action });

    public EventRefusal? Put(Placement placement) => Apply(new ChangeTenantRequest { PutPlacement = placement });

    public EventRefusal? Delete(string action) => Apply(new ChangeTenantRequest { DeleteAction = new DeleteActionRequest { Id = action } });

    public EventRefusal? Apply(ChangeTenantRequest change)
    {
        var (config, refusal) = TenantChanges.Apply(Config, "shop", change, Now);
        if (config is null)
            return refusal;
        if (DecisionHistory.Between(DecisionHistory.Of(Config), DecisionHistory.Of(config)) is { } changed)
            _changes.Add(changed);
        _definitions = new Definitions(config, _definitions);
        return null;
    }

    /// <summary>A world of some actions and a placement; they must be right.</summary>
    public static DecisionWorld Of(Placement placement, params Cdp.V1.Action[] actions)
    {
        var world = new DecisionWorld();
        Assert.Null(world.Put(placement));
        foreach (var action in actions)
            Assert.Null(world.Put(action));
        return world;
    }

    public PlacementModel Model(string placement = "hero")
    {
        var compiled = Set.FindPlacement(placement)!;
        return new PlacementModel(Set, compiled, ModelOf(compiled.Number, Training(compiled.Number).Count));
    }

    public Decision Decide(Func<DecisionCall, DecisionCall>? with = null, ProfileState? profile = null, long? at = null, string customer = Customer, string placement = "hero")
    {
        long now = at ?? Now;
        var call = new DecisionCall(new DecisionId(customer, (long)_nonce, now, ++_nonce), _nonce * 77, TenantDefaults.MarketingPurpose);
        var decision = Decider.Decide(Model(placement), with?.Invoke(call) ?? call, About(profile ?? new ProfileState(), now), customer.Length == 0 ? null : Remembered);
        if (customer.Length > 0)
            DecisionFold.Absorb(Remembered, decision.Entry);
        return decision;
    }

    /// <summary>Records an outcome, and teaches the placement's model what follows from it.</summary>
    public OutcomeEntry Record(Decision decision, string action, OutcomeKind kind, string? id = null, long? value = null, long? at = null)
    {
        var outcome = new Outcome { Id = id ?? $"o{++_nonce}", DecisionId = decision.Entry.Id, ActionId = action, Kind = kind };
        var entry = OutcomeCredits.Judge(Remembered, outcome, value, at ?? Now);
        if (!OutcomeCredits.IsKept(entry.Credit))
            return entry;
        DecisionFold.Absorb(Remembered, entry);
        if (entry.Effect is { } effect)
        {
            var training = Training(effect.Placement);
            effect.Position = training.Count;
            training.Add(new ModelSlice { To = training.Count + 1, Deltas = { effect } });
        }

        return entry;
    }

    /// <summary>The placement as it was: from what is kept of definitions and training alone.</summary>
    public PlacementModel AsOf(DecisionEntry entry)
    {
        var set = ActionSet.Compile(DecisionHistory.AsOf(null, _changes, entry.Definitions));
        return new PlacementModel(set, set.FindPlacement(entry.Placement)!, ModelOf(entry.Placement, entry.Model));
    }

    public ModelState ModelOf(uint placement, long version) => ModelFold.AsOf(placement, null, Training(placement), version);

    private List<ModelSlice> Training(uint placement) => _training.TryGetValue(placement, out var known) ? known : _training[placement] = [];
}
