using Cdp.Domain.Expressions;
using Cdp.Domain.Tenants;
using Cdp.V1;

namespace Cdp.Domain.Segments;

/// <summary>Why a customer is in a segment, or not, as far as a purpose may know.</summary>
public static class MembershipExplanation
{
    /// <summary>The value of every part of a condition; withheld is what reads a field that the purpose may not see.</summary>
    /// <param name="condition">The segment's.</param>
    /// <param name="subject">The customer.</param>
    /// <param name="definitions">The tenant's, for its field policies.</param>
    /// <param name="purpose">For which it is read.</param>
    public static ExplainedPart Of(CompiledExpression condition, in Subject subject, Definitions definitions, string purpose)
    {
        var whole = Of(condition.Explain(subject), facet => definitions.MaySee(purpose, ProfileFields.Of(facet)));

        // That the customer is in the segment, or not, is what may be seen: only the parts may be withheld.
        if (whole.Status == ValueStatus.Withheld)
            (whole.Status, whole.Value) = (ValueStatus.Ok, new Value { BoolValue = condition.Evaluate(subject) == true });
        return whole;
    }

    private static ExplainedPart Of(Explanation explanation, Func<Facet, bool> maySee)
    {
        var part = new ExplainedPart { Text = explanation.Text };
        part.Parts.AddRange(explanation.Parts.Select(inner => Of(inner, maySee)));
        bool isWithheld = (explanation.Reads is { } facet && !maySee(facet)) || part.Parts.Any(inner => inner.Status == ValueStatus.Withheld);
        part.Status = isWithheld ? ValueStatus.Withheld : ValueStatus.Ok;
        if (!isWithheld)
            part.Value = explanation.Value.ToValue();
        return part;
    }
}
