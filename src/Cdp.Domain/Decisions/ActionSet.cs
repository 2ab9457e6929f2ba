using System.Collections.Concurrent;
using System.Collections.Frozen;
using Cdp.Domain.Consent;
using Cdp.Domain.Tenants;
using Cdp.State.V1;

namespace Cdp.Domain.Decisions;

/// <summary>A tenant's actions and placements at a version, compiled. Immutable.</summary>
public sealed class ActionSet
{
    private const int MaxCachedScreens = 1_024;

    private readonly CompiledAction[] _actions;
    private readonly FrozenDictionary<string, CompiledAction> _actionsById;
    private readonly FrozenDictionary<uint, CompiledAction> _actionsByNumber;
    private readonly FrozenDictionary<string, CompiledPlacement> _placementsById;
    private readonly FrozenDictionary<uint, CompiledPlacement> _placementsByNumber;
    private readonly TenantConfig? _config;
    private readonly FieldPolicies _policies;
    private readonly ConcurrentDictionary<(uint Placement, string Purpose), Removal[]> _screens = new();

    private ActionSet(long version, IEnumerable<CompiledAction> actions, IEnumerable<CompiledPlacement> placements, TenantConfig? config)
    {
        Version = version;
        _config = config;
        _policies = new FieldPolicies(config is null ? [] : config.FieldPolicies);
        _actions = [.. actions.OrderBy(action => action.Definition.Id, StringComparer.Ordinal)];
        Conditions = new ConditionTable(_actions);
        Consents = new ConsentTable(_actions, new PurposeRules(config is null ? [] : config.Purposes));
        _actionsById = _actions.ToFrozenDictionary(action => action.Definition.Id, StringComparer.Ordinal);
        _actionsByNumber = _actions.ToFrozenDictionary(action => action.Number);
        Placements = [.. placements.OrderBy(placement => placement.Definition.Id, StringComparer.Ordinal)];
        _placementsById = Placements.ToFrozenDictionary(placement => placement.Definition.Id, StringComparer.Ordinal);
        _placementsByNumber = Placements.ToFrozenDictionary(placement => placement.Number);
    }

    /// <summary>Raised with every change of an action or a placement.</summary>
    public long Version { get; }

    /// <summary>The actions, by id.</summary>
    public IReadOnlyList<CompiledAction> Actions => _actions;

    /// <summary>The placements, by id.</summary>
    public IReadOnlyList<CompiledPlacement> Placements { get; }

    /// <summary>What the actions ask of customer, call and time.</summary>
    internal ConditionTable Conditions { get; }

    /// <summary>What the actions, and the call, ask of the customer's consent.</summary>
    internal ConsentTable Consents { get; }

    /// <summary>The action of an id; null where there is none.</summary>
    public CompiledAction? FindAction(string id) => _actionsById.GetValueOrDefault(id);

    /// <summary>The placement of an id; null where there is none.</summary>
    public CompiledPlacement? FindPlacement(string id) => _placementsById.GetValueOrDefault(id);

    /// <summary>The placement of a number; null where there is none.</summary>
    public CompiledPlacement? FindPlacement(uint number) => _placementsByNumber.GetValueOrDefault(number);

    /// <summary>Compiles a tenant's definitions; what did not change is taken from the set before.</summary>
    public static ActionSet Compile(TenantConfig config, ActionSet? before)
    {
        if (before is not null && before.IsOf(config))
            return before;
        return new ActionSet(
            config.DecisionsVersion,
            config.Actions.Select(stored => before?._actionsByNumber.GetValueOrDefault(stored.Number) is { } known && known.Stored.Equals(stored) ? known : new CompiledAction(stored)),
            config.Placements.Select(stored => before?.FindPlacement(stored.Number) is { } known && known.Stored.Equals(stored) ? known : new CompiledPlacement(stored)),
            config);
    }

    /// <summary>Compiles the definitions of an earlier version, under which decisions are replayed; nothing is decided by them anew.</summary>
    public static ActionSet Compile(DecisionDefinitions definitions) => new(
        definitions.Version, definitions.Actions.Select(stored => new CompiledAction(stored)), definitions.Placements.Select(stored => new CompiledPlacement(stored)), config: null);

    /// <summary>What removes the actions from a placement for a purpose, whoever the customer is; in the order of <see cref="Actions"/>.</summary>
    internal ReadOnlySpan<Removal> Screen(CompiledPlacement placement, string purpose)
    {
        if (_config is null)
            throw new InvalidOperationException("An earlier version of the definitions only replays.");
        var key = (placement.Number, purpose);
        if (_screens.TryGetValue(key, out var known))
            return known;
        var screen = new Removal[_actions.Length];
        for (int i = 0; i < screen.Length; i++)
            screen[i] = Screen(_actions[i], placement, purpose);
        if (_screens.Count < MaxCachedScreens)
            _screens.TryAdd(key, screen);
        return screen;
    }

    private Removal Screen(CompiledAction action, CompiledPlacement placement, string purpose)
    {
        if (action.Problem.Length > 0)
            return Removal.Unreadable;
        if (!placement.Takes(action))
            return Removal.Placement;
        if (action.PayloadFor(placement.Definition.Channel) is null)
            return Removal.NoPayload;
        return action.Facets.All(facet => _policies.MaySee(purpose, ProfileFields.Of(facet))) ? Removal.None : Removal.Purpose;
    }

    private bool IsOf(TenantConfig config) =>
        _config is not null && Version == config.DecisionsVersion && _config.FieldPolicies.Equals(config.FieldPolicies) && _config.Purposes.Equals(config.Purposes);
}
