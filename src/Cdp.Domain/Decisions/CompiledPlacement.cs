using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Decisions;

/// <summary>A placement, with its defaults filled in. Immutable.</summary>
public sealed class CompiledPlacement
{
    /// <summary>Compiles a stored placement.</summary>
    public CompiledPlacement(StoredPlacement stored)
    {
        Stored = stored;
        Floor = Amounts.ToDouble(Definition.MinimumValue) ?? 0;
        NothingReason = new DecisionReason
        {
            Rule = "minimum_value",
            Text = Definition.MinimumValue is { } minimum
                ? $"nothing else brings more than {minimum.Amount} {minimum.CurrencyCode}"
                : "nothing else brings more than nothing",
        };
    }

    /// <summary>As it is stored. Never changed.</summary>
    public StoredPlacement Stored { get; }

    /// <summary>Its definition. Never changed.</summary>
    public Placement Definition => Stored.Placement;

    /// <summary>What entries and models call it; from 1.</summary>
    public uint Number => Stored.Number;

    /// <summary>Most actions of one decision.</summary>
    public int Slots => Definition.Slots == 0 ? 1 : Definition.Slots;

    /// <summary>How long a capped action is reserved, in microseconds.</summary>
    public long ReservationMicros =>
        (Definition.ReservationSeconds == 0 ? DecisionLimits.DefaultReservationSeconds : Definition.ReservationSeconds) * 1_000_000L;

    /// <summary>Whether it explores in a mode.</summary>
    public bool Explores(DecisionMode mode) => Definition.Policy != PlacementPolicy.Exploit && mode != DecisionMode.Force;

    /// <summary>What counts as success.</summary>
    public OutcomeKind Success => Definition.Success == OutcomeKind.Unspecified ? OutcomeKind.Accepted : Definition.Success;

    /// <summary>Whether an action brings the values that its outcomes carry, rather than its rate times its own value.</summary>
    public bool IsByValue => Definition.Reward == PlacementReward.Value;

    /// <summary>What doing nothing is worth, in units of the tenant's currency; not negative.</summary>
    public double Floor { get; }

    /// <summary>Why nothing is done. Shared; never changed.</summary>
    internal DecisionReason NothingReason { get; }

    /// <summary>Whether an action has one of the labels that the placement asks for.</summary>
    internal bool Takes(CompiledAction action)
    {
        if (Definition.ActionLabels.Count == 0)
            return true;
        foreach (string label in action.Definition.Labels)
        {
            if (Definition.ActionLabels.Contains(label))
                return true;
        }

        return false;
    }
}
