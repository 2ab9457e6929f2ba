namespace Cdp.Domain.Expressions;

/// <summary>What an expression is for, which decides what it may name.</summary>
public enum ExpressionUse
{
    /// <summary>
    /// An audience, kept by events: nothing of a call, and nothing that changes by time alone, since no event would move
    /// the customer.
    /// </summary>
    Segment,

    /// <summary>Evaluated in a call, as an action's eligibility: everything.</summary>
    Decision,
}
