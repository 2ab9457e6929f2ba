using Cdp.Domain.Expressions;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Segments;

/// <summary>A segment, ready to be evaluated.</summary>
public sealed class CompiledSegment
{
    /// <summary>Compiles a stored segment.</summary>
    public CompiledSegment(StoredSegment stored)
    {
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

    /// <summary>Its condition; null where this version of the language cannot read it, which nobody meets then.</summary>
    public CompiledExpression? Condition { get; }

    /// <summary>Why there is no condition; else empty.</summary>
    public string Problem { get; }

    /// <summary>Whether a customer is in it: only where the condition is true.</summary>
    public bool Holds(in Subject subject) => Condition?.Evaluate(subject) == true;
}
