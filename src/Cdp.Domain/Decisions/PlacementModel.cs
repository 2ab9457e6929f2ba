using Cdp.Domain.Learning;
using Cdp.State.V1;

namespace Cdp.Domain.Decisions;

/// <summary>
/// What a placement's actions are believed to bring, at a version of the definitions and of the model. Immutable; made once
/// for each version, and shared by all that decide.
/// </summary>
public sealed class PlacementModel
{
    private readonly Belief[] _beliefs;
    private readonly double[] _scales;
    private readonly double[] _expected;
    private readonly Evidence[] _evidence;

    /// <summary>Brings definitions and model together.</summary>
    /// <param name="set">The definitions.</param>
    /// <param name="placement">A placement of the set.</param>
    /// <param name="state">The model; null: nothing was learned yet. Not kept.</param>
    public PlacementModel(ActionSet set, CompiledPlacement placement, ModelState? state)
    {
        (Set, Placement, Version) = (set, placement, state?.Version ?? 0);
        int count = set.Actions.Count;
        (_beliefs, _scales, _expected, _evidence) = (new Belief[count], new double[count], new double[count], new Evidence[count]);
        for (int i = 0; i < count; i++)
        {
            var action = set.Actions[i];
            _evidence[i] = state is null ? default : ModelFold.EvidenceOf(state, action.Number);
            var prior = RateBelief.Uniform.After(action.Prior());
            _beliefs[i] = placement.IsByValue ? ValueOf(action, prior.Mean).After(action.Prior() + _evidence[i]) : prior.After(_evidence[i]);
            _scales[i] = placement.IsByValue ? 1 : action.Value;
            _expected[i] = _beliefs[i].Mean * _scales[i];
        }
    }

    /// <summary>The definitions.</summary>
    public ActionSet Set { get; }

    /// <summary>The placement.</summary>
    public CompiledPlacement Placement { get; }

    /// <summary>Version of the model; 0: nothing was learned yet.</summary>
    public long Version { get; }

    /// <summary>The belief in each action, in the order of the set.</summary>
    internal ReadOnlySpan<Belief> Beliefs => _beliefs;

    /// <summary>What a unit of its mean is worth.</summary>
    internal ReadOnlySpan<double> Scales => _scales;

    /// <summary>What it is expected to bring.</summary>
    internal ReadOnlySpan<double> Expected => _expected;

    /// <summary>What was observed of it.</summary>
    internal ReadOnlySpan<Evidence> Evidence => _evidence;

    // One observation's worth of the stated value, as often as the prior rate says.
    private static ValueBelief ValueOf(CompiledAction action, double rate)
    {
        double value = action.Value > 0 ? action.Value : 1;
        return new ValueBelief(action.Value * rate, weight: 1, shape: 1, rate: value * value * rate * (1 - rate));
    }
}
