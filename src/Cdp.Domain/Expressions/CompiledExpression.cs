namespace Cdp.Domain.Expressions;

/// <summary>
/// A condition about a customer, in the language of docs/expressions.md: parsed, checked and ready to be evaluated.
/// Immutable and safe for many threads.
/// </summary>
public sealed class CompiledExpression
{
    private readonly Bound _root;

    private CompiledExpression(Bound root, IReadOnlySet<Facet> facets)
    {
        _root = root;
        Facets = facets;
        Text = ExpressionFormatter.Format(root.Syntax);
    }

    /// <summary>The canonical text: what compiles to the same condition reads the same but for spaces and parentheses.</summary>
    public string Text { get; }

    /// <summary>The parts of a profile that it reads: an event that touches none of them does not change its value.</summary>
    public IReadOnlySet<Facet> Facets { get; }

    /// <summary>Compiles a condition. Never throws.</summary>
    /// <param name="text">The condition; at most <see cref="ExpressionLimits.MaxLength"/> code units.</param>
    /// <param name="use">What it is for.</param>
    /// <param name="errors">All that is wrong; empty where it compiles.</param>
    /// <returns>The condition; null where there are errors.</returns>
    public static CompiledExpression? Compile(string text, ExpressionUse use, out IReadOnlyList<ExpressionError> errors)
    {
        if (Parser.Parse(text, out var error) is not { } syntax)
        {
            errors = [error!];
            return null;
        }

        var binder = new Binder(text, use);
        var root = binder.BindCondition(syntax);
        errors = binder.Errors;
        return root is null ? null : new CompiledExpression(root, binder.Facets);
    }

    /// <summary>
    /// True, false, or null where it cannot be told for want of data. Who is asked about is part of a segment, or eligible,
    /// only where it is true. Allocates nothing; throws nothing.
    /// </summary>
    public bool? Evaluate(in Subject subject)
    {
        var value = _root.Node.Evaluate(subject);
        return value.Kind == ValueKind.Bool ? value.IsTrue : null;
    }

    /// <summary>The value of every part but constants, the whole first.</summary>
    public Explanation Explain(in Subject subject) => Explain(_root, subject);

    private static Explanation Explain(Bound bound, in Subject subject)
    {
        var parts = new List<Explanation>();
        foreach (var part in bound.Parts)
        {
            if (part.Node is not LiteralNode)
                parts.Add(Explain(part, subject));
        }

        return new Explanation(ExpressionFormatter.Format(bound.Syntax), bound.Node.Evaluate(subject), parts) { Reads = bound.Reads };
    }
}

/// <summary>What a part of an expression came to.</summary>
/// <param name="Text">The part, in canonical form.</param>
/// <param name="Value">Its value; missing where it could not be told.</param>
/// <param name="Parts">What it is made of.</param>
public sealed record Explanation(string Text, Operand Value, IReadOnlyList<Explanation> Parts)
{
    /// <summary>The part of a profile that it reads by itself; null where it reads none.</summary>
    public Facet? Reads { get; init; }
}
