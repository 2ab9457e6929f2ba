using Cdp.Domain.Consent;
using Cdp.Domain.Expressions;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Segments;

/// <summary>A segment, ready to be evaluated.</summary>
public sealed class CompiledSegment
{
    /// <summary>Compiles a stored segment.</summary>
    /// <param name="stored">The segment.</param>
    /// <param name="rule">The rule of its purpose; null where it has none.</param>
    public CompiledSegment(StoredSegment stored, PurposeRule? rule)
    {
        Rule = rule;
        Stored = stored;
        Number = checked((int)stored.Number);
        Condition = CompiledExpression.Compile(stored.Segment.Expression, ExpressionUse.Segment, out var errors);
        Problem = string.Join('\n', errors);
    }

    /// <summary>As it is stored. Never changed.</summary>
    public StoredSegment Stored { get; }

    /// <summary>Its definition. Never changed.</summary>
    public Segment Definition => Stored.Segment;

    /// <summary>What customers and shards call it; from 1.</summary>
    public int Number { get; }

    /// <summary>The rule of the purpose that it serves; null where it has none.</summary>
    public PurposeRule? Rule { get; }

    /// <summary>Its condition; null where this version of the language cannot read it, which nobody meets then.</summary>
    public CompiledExpression? Condition { get; }

    /// <summary>Why there is no condition; else empty.</summary>
    public string Problem { get; }

    /// <summary>
    /// Whether a customer is in it, unless what it allowed has expired: only where the condition is true and the purpose is
    /// allowed.
    /// </summary>
    public bool Holds(in Subject subject) => AllowedUntil(subject.Profile) != ConsentRules.Never && Condition?.Evaluate(subject) == true;

    /// <summary>
    /// Until when the customer allows what the segment serves, as <see cref="ConsentRules.AllowedUntil"/> says it; who has the use
    /// of its data restricted is in no segment that serves no purpose.
    /// </summary>
    public long AllowedUntil(ProfileState profile) =>
        Definition.Purpose.Length == 0 ? profile.Restricted ? ConsentRules.Never : ConsentRules.Forever : ConsentRules.AllowedUntil(profile, Rule, Definition.Channel);
}
