namespace Cdp.Domain.Expressions;

/// <summary>A checked part of an expression.</summary>
/// <param name="Syntax">As it was written.</param>
/// <param name="Node">What evaluates it.</param>
/// <param name="Type">Its type.</param>
/// <param name="Parts">What it is made of.</param>
internal sealed record Bound(Syntax Syntax, Node Node, ExpressionType Type, IReadOnlyList<Bound> Parts)
{
    /// <summary>The part of a profile that it reads by itself; null where it reads none.</summary>
    public Facet? Reads { get; init; }
}

/// <summary>Checks names and types, and makes what is evaluated. Goes on after an error, so that all are told at once.</summary>
internal sealed class Binder(string text, ExpressionUse use)
{
    private const string TimeInSegment =
        "changes by time alone, which moves nobody into or out of a segment in this version; compare with a fixed moment or use it in a decision";

    private static readonly string[] Functions = ["coalesce", "length"];

    private readonly List<ExpressionError> _errors = [];
    private readonly HashSet<Facet> _facets = [];

    public IReadOnlyList<ExpressionError> Errors => _errors;

    /// <summary>The parts of a profile that the expression reads.</summary>
    public IReadOnlySet<Facet> Facets => _facets;

    /// <summary>The whole expression, which has to be a condition; null where there are errors.</summary>
    public Bound? BindCondition(Syntax syntax)
    {
        var bound = Bind(syntax);
        if (bound is not null)
            Require(bound, ValueKind.Bool, "an expression ends in true or false");
        return _errors.Count == 0 ? bound : null;
    }

    private Bound? Bind(Syntax syntax) => syntax switch
    {
        LiteralSyntax literal => new Bound(literal, new LiteralNode(literal.Value), TypeOf(literal.Value), []),
        PathSyntax path => BindPath(path),
        ListSyntax list => BindList(list),
        CallSyntax call => BindCall(call),
        PresenceSyntax presence => BindPresence(presence),
        UnarySyntax unary => BindUnary(unary),
        BinarySyntax binary => BindBinary(binary),
        _ => throw new InvalidOperationException($"No rule for {syntax.GetType().Name}."),
    };

    private Bound? BindPath(PathSyntax path)
    {
        if (FieldCatalog.Find(path, out var wrong, out string message) is not { } field)
            return Fail(wrong, message);
        if (use == ExpressionUse.Segment && field.ChangesByTime)
            return Fail(path.Span, $"'{ExpressionFormatter.Format(path)}' {TimeInSegment}");
        if (use == ExpressionUse.Segment && field.Facet is null)
            return Fail(path.Span, "a segment knows nothing of a call; use it in a decision");
        string[] names = [.. path.Parts.Where((_, i) => i >= field.Parts.Length || Field.IsPlace(field.Parts[i])).Select(part => part.Name)];
        Facet? reads = field.Facet is { } kind ? Facet.Of(kind, names.Length > 0 ? names[0] : string.Empty) : null;
        if (reads is { } facet)
            _facets.Add(facet);
        var type = field.Type.Kind == ValueKind.Money ? ExpressionType.MoneyIn(names[^1]) : field.Type;
        return new Bound(path, new FieldNode(field.Bind(names)), type, []) { Reads = reads };
    }

    private Bound? BindList(ListSyntax list)
    {
        if (list.Items.Count == 0)
            return Fail(list.Span, "a list needs a value");
        var values = new Operand[list.Items.Count];
        for (int i = 0; i < values.Length; i++)
        {
            if (ValueOf(list.Items[i]) is not { } value)
                return Fail(list.Items[i].Span, "a list holds values only, as in [\"a\", \"b\"]");
            if (value.Kind != TypeOf(values[0]).Kind && i > 0)
                return Fail(list.Items[i].Span, $"a list holds values of one type: the first is {TypeOf(values[0])}, this is {TypeOf(value)}");
            values[i] = value;
        }

        return new Bound(list, new LiteralNode(Operand.List(values)), ExpressionType.ListOf(values[0].Kind), []);
    }

    private static Operand? ValueOf(Syntax syntax) => syntax switch
    {
        LiteralSyntax literal => literal.Value,
        UnarySyntax { Operator: UnaryOperator.Minus, Inner: LiteralSyntax { Value.Kind: ValueKind.Number or ValueKind.Money or ValueKind.Duration } inner } =>
            new NegateNode(new LiteralNode(inner.Value)).Evaluate(default),
        _ => null,
    };

    private Bound? BindCall(CallSyntax call)
    {
        var arguments = BindAll(call.Arguments);
        switch (call.Name)
        {
            case "coalesce":
                return arguments is null ? null : BindCoalesce(call, arguments);
            case "length":
                if (call.Arguments.Count != 1)
                    return Fail(call.Span, "length takes one text or list");
                if (arguments is null || !RequireText(arguments[0], orList: true, "length takes a text or a list"))
                    return null;
                return new Bound(call, new LengthNode(arguments[0].Node), ExpressionType.Number, arguments);
            default:
                string meant = Suggestions.For(call.Name, Functions) is { } near ? $"did you mean {near}?" : "known are coalesce and length";
                return Fail(call.NameSpan, $"there is no function '{call.Name}'; {meant}");
        }
    }

    private Bound? BindCoalesce(CallSyntax call, List<Bound> arguments)
    {
        if (arguments.Count < 2)
            return Fail(call.Span, "coalesce takes two values or more: the first that is not missing counts");
        var type = arguments[0].Type;
        foreach (var argument in arguments.Skip(1))
        {
            if (argument.Type.Kind != ValueKind.Any && type.Kind != ValueKind.Any && argument.Type.Kind != type.Kind)
                return Fail(argument.Syntax.Span, $"the values of coalesce are of one type: the first is {type}, this is {argument.Type}");
            if (argument.Type != type)
                type = argument.Type.Kind == type.Kind ? new ExpressionType(type.Kind) : ExpressionType.Any;
        }

        return new Bound(call, new CoalesceNode([.. arguments.Select(argument => argument.Node)]), type, arguments);
    }

    private Bound? BindPresence(PresenceSyntax presence) => Bind(presence.Inner) is { } inner
        ? new Bound(presence, new PresenceNode(inner.Node, presence.IsSet), ExpressionType.Bool, [inner])
        : null;

    private Bound? BindUnary(UnarySyntax unary)
    {
        if (Bind(unary.Inner) is not { } inner)
            return null;
        if (unary.Operator == UnaryOperator.Not)
            return Require(inner, ValueKind.Bool, "not turns a condition round") ? new Bound(unary, new NotNode(inner.Node), ExpressionType.Bool, [inner]) : null;
        return inner.Type.Kind is ValueKind.Number or ValueKind.Money or ValueKind.Duration or ValueKind.Any
            ? new Bound(unary, new NegateNode(inner.Node), inner.Type, [inner])
            : Fail(inner.Syntax.Span, $"minus takes a number, money or a duration, not {inner.Type}");
    }

    private Bound? BindBinary(BinarySyntax binary)
    {
        if (BindAll([binary.Left, binary.Right]) is not [var left, var right])
            return null;
        return binary.Operator switch
        {
            BinaryOperator.And or BinaryOperator.Or => BindLogic(binary, left, right),
            BinaryOperator.In or BinaryOperator.NotIn => BindIn(binary, left, right),
            BinaryOperator.Contains or BinaryOperator.StartsWith or BinaryOperator.EndsWith => BindText(binary, left, right),
            BinaryOperator.Within => BindWithin(binary, left, right),
            BinaryOperator.Add or BinaryOperator.Subtract or BinaryOperator.Multiply or BinaryOperator.Divide => BindArithmetic(binary, left, right),
            _ => BindComparison(binary, left, right),
        };
    }

    private Bound? BindLogic(BinarySyntax binary, Bound left, Bound right)
    {
        string why = $"{Operators.TextOf(binary.Operator)} joins conditions";
        bool isRight = Require(left, ValueKind.Bool, why) & Require(right, ValueKind.Bool, why);
        return isRight
            ? new Bound(binary, new LogicNode(left.Node, right.Node, absorbing: binary.Operator == BinaryOperator.Or), ExpressionType.Bool, [left, right])
            : null;
    }

    private Bound? BindComparison(BinarySyntax binary, Bound left, Bound right)
    {
        string symbol = Operators.TextOf(binary.Operator);
        if (left.Type.Kind == ValueKind.List || right.Type.Kind == ValueKind.List)
            return Fail(binary.OperatorSpan, $"{symbol} compares single values; for lists write in or contains");
        bool isEquality = binary.Operator is BinaryOperator.Equal or BinaryOperator.NotEqual;
        if (!isEquality && (left.Type.Kind == ValueKind.Bool || right.Type.Kind == ValueKind.Bool))
            return Fail(binary.OperatorSpan, $"{symbol} puts values in order, and true and false have none");
        return CanMeet(binary, left.Type, right.Type)
            ? new Bound(binary, new CompareNode(binary.Operator, left.Node, right.Node), ExpressionType.Bool, [left, right])
            : null;
    }

    private Bound? BindIn(BinarySyntax binary, Bound left, Bound right)
    {
        if (!right.Type.MayBe(ValueKind.List))
            return Fail(right.Syntax.Span, $"in needs a list behind it, not {right.Type}; as in [\"a\", \"b\"]");
        if (left.Type.Kind == ValueKind.List)
            return Fail(left.Syntax.Span, "in looks for a single value in a list, not for a list");
        return CanMeet(binary, left.Type, ElementOf(right))
            ? new Bound(binary, new HoldsNode(right.Node, left.Node, binary.Operator == BinaryOperator.NotIn), ExpressionType.Bool, [left, right])
            : null;
    }

    private Bound? BindText(BinarySyntax binary, Bound left, Bound right)
    {
        string name = Operators.TextOf(binary.Operator);
        bool orList = binary.Operator == BinaryOperator.Contains;
        if (!RequireText(left, orList, orList ? "contains looks into a text or a list" : $"{name} looks at a text"))
            return null;
        if (left.Type.Kind == ValueKind.List ? !CanMeet(binary, ElementOf(left), right.Type) : !RequirePart(left, right, orList))
            return null;
        return new Bound(binary, new TextNode(binary.Operator, left.Node, right.Node), ExpressionType.Bool, [left, right]);
    }

    private bool RequirePart(Bound left, Bound right, bool orList)
    {
        // What is looked into may be a list of anything.
        if (orList && left.Type.Kind == ValueKind.Any)
            return right.Type.Kind != ValueKind.List || Fail(right.Syntax.Span, "contains looks for a single value, not for a list") is not null;
        return RequireText(right, orList: false, "a text is searched for a text");
    }

    private Bound? BindWithin(BinarySyntax binary, Bound left, Bound right)
    {
        if (use == ExpressionUse.Segment)
            return Fail(binary.OperatorSpan, $"'within' {TimeInSegment}");
        bool isRight = Require(left, ValueKind.Timestamp, "within asks how long ago a moment was")
            & Require(right, ValueKind.Duration, "within takes a duration, as in 30d");
        return isRight ? new Bound(binary, new WithinNode(left.Node, right.Node), ExpressionType.Bool, [left, right]) : null;
    }

    private Bound? BindArithmetic(BinarySyntax binary, Bound left, Bound right)
    {
        string symbol = Operators.TextOf(binary.Operator);
        if (ArithmeticNode.TypeOf(binary.Operator, left.Type, right.Type) is not { } type)
            return Fail(binary.OperatorSpan, $"{left.Type} {symbol} {right.Type} has no meaning");
        return IsOneCurrency(binary, left.Type, right.Type)
            ? new Bound(binary, new ArithmeticNode(binary.Operator, left.Node, right.Node), type, [left, right])
            : null;
    }

    private bool CanMeet(BinarySyntax binary, ExpressionType left, ExpressionType right)
    {
        if (left.Kind == ValueKind.Any || right.Kind == ValueKind.Any || left.Kind == right.Kind)
            return IsOneCurrency(binary, left, right);
        string hint = (left.Kind, right.Kind) is (ValueKind.Money, ValueKind.Number) or (ValueKind.Number, ValueKind.Money)
            ? "; write the currency behind the number, as in 100 EUR"
            : string.Empty;
        return Fail(binary.OperatorSpan, $"{left} and {right} cannot be compared{hint}") is not null;
    }

    private bool IsOneCurrency(BinarySyntax binary, ExpressionType left, ExpressionType right) =>
        !left.IsOtherCurrency(right)
        || Fail(binary.OperatorSpan, $"amounts of {left.CurrencyCode} and {right.CurrencyCode} are never compared nor summed") is not null;

    private List<Bound>? BindAll(IReadOnlyList<Syntax> parts)
    {
        // All of them, so that every error is told.
        var bound = parts.Select(Bind).ToList();
        return bound.Contains(null) ? null : [.. bound.Select(part => part!)];
    }

    private bool Require(Bound part, ValueKind kind, string why) =>
        part.Type.MayBe(kind) || Fail(part.Syntax.Span, $"{why}; this is {part.Type}") is not null;

    private bool RequireText(Bound part, bool orList, string why) =>
        (orList && part.Type.Kind == ValueKind.List) || Require(part, ValueKind.Text, why);

    private static ExpressionType ElementOf(Bound list) => list.Type.Kind == ValueKind.List ? new ExpressionType(list.Type.Element) : ExpressionType.Any;

    private static ExpressionType TypeOf(in Operand value) =>
        value.Kind == ValueKind.Money ? ExpressionType.MoneyIn(value.Text) : new ExpressionType(value.Kind);

    private Bound? Fail(Span span, string message)
    {
        _errors.Add(ExpressionError.At(text, span, message));
        return null;
    }
}
