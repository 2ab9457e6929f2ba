using Cdp.Domain.Events;
using Cdp.V1;

namespace Cdp.Domain.Decisions;

/// <summary>Stable reasons of refusals of outcomes. Part of the API: never renamed, each explained in docs/errors.md.</summary>
public static class OutcomeReasons
{
    /// <summary>Not the id of a decision.</summary>
    public const string DecisionIdInvalid = "DECISION_ID_INVALID";

    /// <summary>An outcome names no action.</summary>
    public const string ActionIdInvalid = "ACTION_ID_INVALID";

    /// <summary>An outcome is of no kind that this server knows.</summary>
    public const string KindInvalid = "OUTCOME_KIND_INVALID";

    /// <summary>The value of an outcome cannot be, or is of a kind of outcome that has none.</summary>
    public const string ValueInvalid = "OUTCOME_VALUE_INVALID";
}

/// <summary>Tells whether what is said of a decision can be: the same for outcomes that are recorded and for those that events carry.</summary>
public static class OutcomeValidator
{
    /// <summary>The first thing that is wrong, or null. Fields are named as both messages have them.</summary>
    /// <param name="decisionId">Names the decision.</param>
    /// <param name="actionId">Names the action.</param>
    /// <param name="kind">What became of it.</param>
    /// <param name="value">What it brought; null: nothing is said.</param>
    /// <param name="currency">The tenant's.</param>
    public static EventRefusal? Check(string decisionId, string actionId, OutcomeKind kind, Money? value, string currency)
    {
        if (!DecisionId.TryParse(decisionId, out _))
            return new(OutcomeReasons.DecisionIdInvalid, "decision_id", "Not the id of a decision. Pass DecideResponse.decision_id as it is.");
        if (actionId.Length is 0 or > EventLimits.MaxNameLength)
            return new(OutcomeReasons.ActionIdInvalid, "action_id", "Name an action that the decision ranked.");
        if (kind == OutcomeKind.Unspecified || !Enum.IsDefined(kind))
            return new(OutcomeReasons.KindInvalid, "kind", "Give SHOWN, CLICKED, ACCEPTED, REJECTED, CONVERTED or RETURNED.");
        if (value is null)
            return null;
        if (kind is not (OutcomeKind.Converted or OutcomeKind.Returned))
            return new(OutcomeReasons.ValueInvalid, "value", "Only with CONVERTED and RETURNED.");
        return Amounts.TryRead(value, currency, out _)
            ? null
            : new(OutcomeReasons.ValueInvalid, "value", $"Give 0 to 1,000,000,000 {currency}, the tenant's currency, with at most 4 digits after the point.");
    }
}
