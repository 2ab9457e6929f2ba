using Cdp.Domain.Events;

namespace Cdp.Domain.Expressions;

/// <summary>
/// Exact arithmetic; quotients are rounded half to even to 9 places. Missing where a value is, where the result leaves its
/// range, on division by zero, and for currencies that differ.
/// </summary>
internal sealed class ArithmeticNode(BinaryOperator operation, Node left, Node right) : Node
{
    public override Operand Evaluate(in Subject subject)
    {
        var (first, second) = (left.Evaluate(subject), right.Evaluate(subject));
        return operation switch
        {
            BinaryOperator.Add => Add(first, second, 1),
            BinaryOperator.Subtract => Add(first, second, -1),
            BinaryOperator.Multiply => Multiply(first, second),
            _ => Divide(first, second),
        };
    }

    /// <summary>The type of a result; null where the operator has no meaning for the types.</summary>
    public static ExpressionType? TypeOf(BinaryOperator operation, ExpressionType left, ExpressionType right)
    {
        if (left.Kind == ValueKind.Any || right.Kind == ValueKind.Any)
            return ExpressionType.Any;
        bool isSum = operation is BinaryOperator.Add or BinaryOperator.Subtract;
        return (left.Kind, right.Kind, operation) switch
        {
            (ValueKind.Number, ValueKind.Number, _) => ExpressionType.Number,
            (ValueKind.Money, ValueKind.Money, _) when isSum => left.CurrencyCode.Length > 0 ? left : right,
            (ValueKind.Money, ValueKind.Money, BinaryOperator.Divide) => ExpressionType.Number,
            (ValueKind.Money, ValueKind.Number, _) when !isSum => left,
            (ValueKind.Number, ValueKind.Money, BinaryOperator.Multiply) => right,
            (ValueKind.Duration, ValueKind.Duration, _) when isSum => ExpressionType.Duration,
            (ValueKind.Duration, ValueKind.Duration, BinaryOperator.Divide) => ExpressionType.Number,
            (ValueKind.Duration, ValueKind.Number, _) when !isSum => ExpressionType.Duration,
            (ValueKind.Number, ValueKind.Duration, BinaryOperator.Multiply) => ExpressionType.Duration,
            (ValueKind.Timestamp, ValueKind.Duration, _) when isSum => ExpressionType.Timestamp,
            (ValueKind.Duration, ValueKind.Timestamp, BinaryOperator.Add) => ExpressionType.Timestamp,
            (ValueKind.Timestamp, ValueKind.Timestamp, BinaryOperator.Subtract) => ExpressionType.Duration,
            _ => null,
        };
    }

    private static Operand Add(in Operand left, in Operand right, int sign)
    {
        var sum = left.Amount + (sign * right.Amount);
        return (left.Kind, right.Kind) switch
        {
            (ValueKind.Number, ValueKind.Number) => Operand.Number(sum),
            (ValueKind.Money, ValueKind.Money) when IsSameCurrency(left, right) => Operand.Money(sum, left.Text),
            (ValueKind.Duration, ValueKind.Duration) => Operand.Duration(sum),
            (ValueKind.Timestamp, ValueKind.Duration) => Operand.Moment(sum),
            (ValueKind.Duration, ValueKind.Timestamp) when sign > 0 => Operand.Moment(sum),
            (ValueKind.Timestamp, ValueKind.Timestamp) when sign < 0 => Operand.Duration(sum),
            _ => default,
        };
    }

    private static Operand Multiply(in Operand left, in Operand right)
    {
        if (left.Kind == ValueKind.Number && right.Kind != ValueKind.Number)
            return Multiply(right, left);
        return right.Kind == ValueKind.Number && Decimals.TryMultiply(left.Amount, right.Amount, out var product)
            ? OfKind(left, product)
            : default;
    }

    private static Operand Divide(in Operand left, in Operand right)
    {
        bool isRatio = left.Kind == right.Kind && IsSameCurrency(left, right);
        if ((!isRatio && right.Kind != ValueKind.Number) || !Decimals.TryDivide(left.Amount, right.Amount, out var quotient))
            return default;
        return (isRatio, left.Kind) switch
        {
            (true, ValueKind.Number or ValueKind.Money or ValueKind.Duration) => Operand.Number(quotient),
            (false, _) => OfKind(left, quotient),
            _ => default,
        };
    }

    private static Operand OfKind(in Operand like, Int128 amount) => like.Kind switch
    {
        ValueKind.Money => Operand.Money(amount, like.Text),
        ValueKind.Duration => Operand.Duration(amount),
        ValueKind.Number => Operand.Number(amount),
        _ => default,
    };

    private static bool IsSameCurrency(in Operand left, in Operand right) => string.Equals(left.Text, right.Text, StringComparison.Ordinal);
}
