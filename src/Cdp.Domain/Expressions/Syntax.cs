namespace Cdp.Domain.Expressions;

/// <summary>A parsed expression, not yet checked.</summary>
internal abstract record Syntax(Span Span);

/// <summary>A value as it was written.</summary>
internal sealed record LiteralSyntax(Span Span, Operand Value) : Syntax(Span);

/// <summary>Values between brackets.</summary>
internal sealed record ListSyntax(Span Span, IReadOnlyList<Syntax> Items) : Syntax(Span);

/// <summary>The name of a field: <c>events["Product Viewed"].count</c>.</summary>
internal sealed record PathSyntax(Span Span, IReadOnlyList<PathPart> Parts) : Syntax(Span);

/// <summary>One step of a field's name; a text between brackets is always a name of the tenant's.</summary>
internal readonly record struct PathPart(Span Span, string Name, bool IsQuoted);

/// <summary><c>not x</c> or <c>-x</c>.</summary>
internal sealed record UnarySyntax(Span Span, UnaryOperator Operator, Syntax Inner) : Syntax(Span);

/// <summary><c>x and y</c>, <c>x &lt; y</c>, <c>x in y</c> …</summary>
internal sealed record BinarySyntax(Span Span, BinaryOperator Operator, Span OperatorSpan, Syntax Left, Syntax Right) : Syntax(Span);

/// <summary><c>x is missing</c>, <c>x is set</c>.</summary>
internal sealed record PresenceSyntax(Span Span, Syntax Inner, bool IsSet) : Syntax(Span);

/// <summary><c>coalesce(x, y)</c>.</summary>
internal sealed record CallSyntax(Span Span, Span NameSpan, string Name, IReadOnlyList<Syntax> Arguments) : Syntax(Span);

internal enum UnaryOperator
{
    Not,
    Minus,
}

internal enum BinaryOperator
{
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Contains,
    StartsWith,
    EndsWith,
    Within,
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// <summary>How operators bind and are written.</summary>
internal static class Operators
{
    public const int Not = 3;
    public const int Comparison = 4;
    public const int Minus = 7;

    /// <summary>How tightly it binds: more binds first.</summary>
    public static int PrecedenceOf(BinaryOperator binary) => binary switch
    {
        BinaryOperator.Or => 1,
        BinaryOperator.And => 2,
        BinaryOperator.Add or BinaryOperator.Subtract => 5,
        BinaryOperator.Multiply or BinaryOperator.Divide => 6,
        _ => Comparison,
    };

    /// <summary>As expressions write it.</summary>
    public static string TextOf(BinaryOperator binary) => binary switch
    {
        BinaryOperator.Or => "or",
        BinaryOperator.And => "and",
        BinaryOperator.Equal => "==",
        BinaryOperator.NotEqual => "!=",
        BinaryOperator.Less => "<",
        BinaryOperator.LessOrEqual => "<=",
        BinaryOperator.Greater => ">",
        BinaryOperator.GreaterOrEqual => ">=",
        BinaryOperator.In => "in",
        BinaryOperator.NotIn => "not in",
        BinaryOperator.Contains => "contains",
        BinaryOperator.StartsWith => "starts_with",
        BinaryOperator.EndsWith => "ends_with",
        BinaryOperator.Within => "within",
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        _ => "/",
    };
}
