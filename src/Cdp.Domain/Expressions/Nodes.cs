namespace Cdp.Domain.Expressions;

/// <summary>A checked expression, ready to be evaluated. Immutable, safe for many threads, allocates nothing.</summary>
internal abstract class Node
{
    /// <summary>The value about a subject. Never throws; what cannot be told is missing.</summary>
    public abstract Operand Evaluate(in Subject subject);
}

/// <summary>A value as it was written.</summary>
internal sealed class LiteralNode(Operand value) : Node
{
    public Operand Value => value;

    public override Operand Evaluate(in Subject subject) => value;
}

/// <summary>Reads one field of a subject.</summary>
internal delegate Operand FieldReader(in Subject subject);

/// <summary>A field.</summary>
internal sealed class FieldNode(FieldReader read) : Node
{
    public override Operand Evaluate(in Subject subject) => read(subject);
}

/// <summary>Kleene's strong three-valued logic, missing being unknown.</summary>
internal sealed class NotNode(Node inner) : Node
{
    public override Operand Evaluate(in Subject subject)
    {
        var value = inner.Evaluate(subject);
        return value.Kind == ValueKind.Bool ? Operand.Of(value.IsFalse) : default;
    }
}

/// <summary><c>and</c> or <c>or</c>: the one decides where either side is its absorbing value, whatever the other is.</summary>
internal sealed class LogicNode(Node left, Node right, bool absorbing) : Node
{
    public override Operand Evaluate(in Subject subject)
    {
        var first = left.Evaluate(subject);
        if (first.Kind == ValueKind.Bool && first.IsTrue == absorbing)
            return first;
        var second = right.Evaluate(subject);
        if (second.Kind == ValueKind.Bool && second.IsTrue == absorbing)
            return second;
        return first.Kind == ValueKind.Bool && second.Kind == ValueKind.Bool ? second : default;
    }
}

/// <summary><c>is set</c> or <c>is missing</c>: never missing itself.</summary>
internal sealed class PresenceNode(Node inner, bool isSet) : Node
{
    public override Operand Evaluate(in Subject subject) => Operand.Of(inner.Evaluate(subject).IsMissing != isSet);
}

/// <summary><c>==</c>, <c>&lt;</c> …; missing where the values cannot be compared.</summary>
internal sealed class CompareNode(BinaryOperator comparison, Node left, Node right) : Node
{
    public override Operand Evaluate(in Subject subject)
    {
        if (Operand.Compare(left.Evaluate(subject), right.Evaluate(subject)) is not { } order)
            return default;
        return Operand.Of(comparison switch
        {
            BinaryOperator.Equal => order == 0,
            BinaryOperator.NotEqual => order != 0,
            BinaryOperator.Less => order < 0,
            BinaryOperator.LessOrEqual => order <= 0,
            BinaryOperator.Greater => order > 0,
            _ => order >= 0,
        });
    }
}

/// <summary>
/// Whether a list holds a value: true where one element equals it; else missing where one could not be compared, as a
/// chain of <c>or</c> would be; else false.
/// </summary>
internal sealed class HoldsNode(Node list, Node value, bool negated) : Node
{
    public override Operand Evaluate(in Subject subject)
    {
        var elements = list.Evaluate(subject);
        if (elements.Kind != ValueKind.List)
            return default;
        var sought = value.Evaluate(subject);
        bool isUnknown = false;
        for (int i = 0; i < elements.Count; i++)
        {
            int? order = Operand.Compare(elements[i], sought);
            if (order == 0)
                return Operand.Of(!negated);
            isUnknown |= order is null;
        }

        return isUnknown ? default : Operand.Of(negated);
    }
}

/// <summary>Whether a text holds, begins or ends with another, by UTF-16 code units; <c>contains</c> looks into lists, too.</summary>
internal sealed class TextNode(BinaryOperator test, Node left, Node right) : Node
{
    private readonly HoldsNode _list = new(left, right, negated: false);

    public override Operand Evaluate(in Subject subject)
    {
        var whole = left.Evaluate(subject);
        if (whole.Kind == ValueKind.List && test == BinaryOperator.Contains)
            return _list.Evaluate(subject);
        var part = right.Evaluate(subject);
        if (whole.Kind != ValueKind.Text || part.Kind != ValueKind.Text)
            return default;
        return Operand.Of(test switch
        {
            BinaryOperator.Contains => whole.Text.Contains(part.Text, StringComparison.Ordinal),
            BinaryOperator.StartsWith => whole.Text.StartsWith(part.Text, StringComparison.Ordinal),
            _ => whole.Text.EndsWith(part.Text, StringComparison.Ordinal),
        });
    }
}

/// <summary>Whether a moment lies at most a duration ago; one still to come does.</summary>
internal sealed class WithinNode(Node moment, Node duration) : Node
{
    public override Operand Evaluate(in Subject subject)
    {
        var (at, length) = (moment.Evaluate(subject), duration.Evaluate(subject));
        return at.Kind == ValueKind.Timestamp && length.Kind == ValueKind.Duration
            ? Operand.Of(subject.NowMicros - at.Amount <= length.Amount)
            : default;
    }
}

/// <summary><c>-x</c>.</summary>
internal sealed class NegateNode(Node inner) : Node
{
    public override Operand Evaluate(in Subject subject)
    {
        var value = inner.Evaluate(subject);
        return value.Kind switch
        {
            ValueKind.Number => Operand.Number(-value.Amount),
            ValueKind.Money => Operand.Money(-value.Amount, value.Text),
            ValueKind.Duration => Operand.Duration(-value.Amount),
            _ => default,
        };
    }
}

/// <summary>The first value that is not missing.</summary>
internal sealed class CoalesceNode(Node[] choices) : Node
{
    public override Operand Evaluate(in Subject subject)
    {
        foreach (var choice in choices)
        {
            var value = choice.Evaluate(subject);
            if (!value.IsMissing)
                return value;
        }

        return default;
    }
}

/// <summary>Number of a text's UTF-16 code units, or of a list's elements.</summary>
internal sealed class LengthNode(Node inner) : Node
{
    public override Operand Evaluate(in Subject subject)
    {
        var value = inner.Evaluate(subject);
        return value.Kind switch
        {
            ValueKind.Text => Operand.Integer(value.Text.Length),
            ValueKind.List => Operand.Integer(value.Count),
            _ => default,
        };
    }
}
