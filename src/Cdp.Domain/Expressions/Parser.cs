using Cdp.Domain.Events;

namespace Cdp.Domain.Expressions;

/// <summary>Reads the grammar of docs/expressions.md by recursive descent. Stops at the first error.</summary>
internal sealed class Parser
{
    private readonly string _text;
    private readonly List<Token> _tokens;
    private int _at;
    private int _depth;
    private int _nodes;
    private ExpressionError? _error;

    private Parser(string text, List<Token> tokens)
    {
        _text = text;
        _tokens = tokens;
    }

    private Token Next => _tokens[_at];

    /// <summary>The expression; null with an error where the text is none.</summary>
    public static Syntax? Parse(string text, out ExpressionError? error)
    {
        if (text.Length > ExpressionLimits.MaxLength)
        {
            error = ExpressionError.At(text, new Span(ExpressionLimits.MaxLength, 1), $"an expression has at most {ExpressionLimits.MaxLength:N0} characters");
            return null;
        }

        if (Lexer.Read(text, out error) is not { } tokens)
            return null;
        var parser = new Parser(text, tokens);
        var syntax = parser.ReadWhole();
        error = parser._error;
        return error is null ? syntax : null;
    }

    private Syntax? ReadWhole()
    {
        var syntax = ReadBinary(0);
        if (syntax is not null && Next.Kind != TokenKind.End)
            Fail(Next.Span, UnexpectedEnd());
        return syntax;
    }

    private string UnexpectedEnd()
    {
        string what = $"expected an operator or the end, found {Next.Describe(_text)}";
        return Next switch
        {
            { Kind: TokenKind.Symbol, Text: ")" or "]" } => $"this {Next.Text} closes nothing",
            { Kind: TokenKind.Name } when string.Equals(Next.Text, "AND", StringComparison.OrdinalIgnoreCase) || string.Equals(Next.Text, "OR", StringComparison.OrdinalIgnoreCase)
                => $"{what}; operators are written in small letters",
            { Kind: TokenKind.Name } when Suggestions.For(Next.Text, ["and", "or", "in", "is", "contains", "starts_with", "ends_with", "within"]) is { } meant
                => $"{what}; did you mean {meant}?",
            _ => what,
        };
    }

    /// <summary>Reads operators that bind tighter than <paramref name="outer"/>.</summary>
    private Syntax? ReadBinary(int outer)
    {
        if (++_depth > ExpressionLimits.MaxDepth)
            return Fail(Next.Span, $"an expression is nested at most {ExpressionLimits.MaxDepth} deep");
        var left = ReadUnary();
        while (left is not null)
        {
            if (outer < Operators.Comparison && Next.Is(TokenKind.Keyword, "is"))
            {
                left = ReadPresence(left);
                continue;
            }

            if (OperatorHere(out int words) is not { } binary || Operators.PrecedenceOf(binary) <= outer)
                break;
            var span = Next.Span.To(_tokens[_at + words - 1].Span);
            _at += words;
            left = ReadBinary(Operators.PrecedenceOf(binary)) is { } right
                ? Count(new BinarySyntax(left.Span.To(right.Span), binary, span, left, right))
                : null;
            if (left is not null && Operators.PrecedenceOf(binary) == Operators.Comparison && FollowsComparison())
                return Fail(Next.Span, "comparisons do not chain; join them with and");
        }

        _depth--;
        return left;
    }

    private bool FollowsComparison() => OperatorHere(out _) is { } next && Operators.PrecedenceOf(next) == Operators.Comparison;

    private BinaryOperator? OperatorHere(out int words)
    {
        words = 1;
        var token = Next;
        if (token.Kind == TokenKind.Keyword)
        {
            if (token.Is(TokenKind.Keyword, "not") && _tokens[_at + 1].Is(TokenKind.Keyword, "in"))
            {
                words = 2;
                return BinaryOperator.NotIn;
            }

            return token.Text switch
            {
                "or" => BinaryOperator.Or,
                "and" => BinaryOperator.And,
                "in" => BinaryOperator.In,
                "contains" => BinaryOperator.Contains,
                "starts_with" => BinaryOperator.StartsWith,
                "ends_with" => BinaryOperator.EndsWith,
                "within" => BinaryOperator.Within,
                _ => null,
            };
        }

        return token.Kind != TokenKind.Symbol ? null : token.Text switch
        {
            "==" => BinaryOperator.Equal,
            "!=" => BinaryOperator.NotEqual,
            "<" => BinaryOperator.Less,
            "<=" => BinaryOperator.LessOrEqual,
            ">" => BinaryOperator.Greater,
            ">=" => BinaryOperator.GreaterOrEqual,
            "+" => BinaryOperator.Add,
            "-" => BinaryOperator.Subtract,
            "*" => BinaryOperator.Multiply,
            "/" => BinaryOperator.Divide,
            _ => null,
        };
    }

    private Syntax? ReadPresence(Syntax inner)
    {
        _at++;
        bool isSet = Next.Is(TokenKind.Keyword, "set");
        if (!isSet && !Next.Is(TokenKind.Keyword, "missing"))
            return Fail(Next.Span, $"expected set or missing after is, found {Next.Describe(_text)}");
        return Count(new PresenceSyntax(inner.Span.To(Take().Span), inner, isSet));
    }

    private Syntax? ReadUnary()
    {
        var token = Next;
        if (token.Is(TokenKind.Keyword, "not"))
        {
            _at++;
            return ReadBinary(Operators.Not - 1) is { } inner ? Count(new UnarySyntax(token.Span.To(inner.Span), UnaryOperator.Not, inner)) : null;
        }

        if (!token.Is(TokenKind.Symbol, "-"))
            return ReadPrimary();
        _at++;
        return ReadBinary(Operators.Minus) is { } number ? Count(new UnarySyntax(token.Span.To(number.Span), UnaryOperator.Minus, number)) : null;
    }

    private Syntax? ReadPrimary()
    {
        var token = Next;
        switch (token.Kind)
        {
            case TokenKind.Text:
                return Literal(Take(), Operand.Of(token.Text));
            case TokenKind.Duration:
                return Literal(Take(), Operand.Duration(token.Value));
            case TokenKind.Timestamp:
                return Literal(Take(), Operand.Moment(token.Value));
            case TokenKind.Number:
                return ReadNumber();
            case TokenKind.Name:
                return _tokens[_at + 1].Is(TokenKind.Symbol, "(") ? ReadCall() : ReadPath();
            case TokenKind.Keyword when token.Text is "true" or "false":
                return Literal(Take(), Operand.Of(token.Text == "true"));
            case TokenKind.Symbol when token.Text == "(":
                return ReadParenthesis();
            case TokenKind.Symbol when token.Text == "[":
                return ReadList();
            default:
                return Fail(token.Span, $"expected a value or a field, found {token.Describe(_text)}");
        }
    }

    private Syntax? ReadNumber()
    {
        var number = Take();
        if (Next is not { Kind: TokenKind.Name, Text: { Length: 3 } code } || !Currencies.IsCode(code))
            return Literal(number, Operand.Number(number.Value));
        return Count(new LiteralSyntax(number.Span.To(Take().Span), Operand.Money(number.Value, code)));
    }

    private Syntax? ReadParenthesis()
    {
        var open = Take();
        if (ReadBinary(0) is not { } inner)
            return null;
        return Expect(")", open) is { } close ? inner with { Span = open.Span.To(close.Span) } : null;
    }

    private Syntax? ReadList()
    {
        var open = Take();
        return ReadItems(open, "]", out var close) is { } items ? Count(new ListSyntax(open.Span.To(close), items)) : null;
    }

    private Syntax? ReadCall()
    {
        var name = Take();
        return ReadItems(Take(), ")", out var close) is { } arguments
            ? Count(new CallSyntax(name.Span.To(close), name.Span, name.Text, arguments))
            : null;
    }

    private List<Syntax>? ReadItems(Token open, string closing, out Span close)
    {
        var items = new List<Syntax>();
        close = default;
        while (!Next.Is(TokenKind.Symbol, closing))
        {
            if (items.Count > 0 && Expect(",", open) is null)
                return null;
            if (ReadBinary(0) is not { } item)
                return null;
            items.Add(item);
            if (!Next.Is(TokenKind.Symbol, ",") && Expect(closing, open, consume: false) is null)
                return null;
        }

        close = Take().Span;
        return items;
    }

    private Syntax? ReadPath()
    {
        var first = Take();
        var parts = new List<PathPart> { new(first.Span, first.Text, IsQuoted: false) };
        while (true)
        {
            if (Next.Is(TokenKind.Symbol, "."))
            {
                _at++;
                if (Next.Kind is not (TokenKind.Name or TokenKind.Keyword))
                    return Fail(Next.Span, $"expected a name after the point, found {Next.Describe(_text)}; names of other characters stand in brackets, as in events[\"Product Viewed\"]");
                var name = Take();
                parts.Add(new PathPart(name.Span, name.Text, IsQuoted: false));
            }
            else if (Next.Is(TokenKind.Symbol, "["))
            {
                var open = Take();
                if (Next.Kind != TokenKind.Text)
                    return Fail(Next.Span, $"expected a text in brackets, found {Next.Describe(_text)}; as in events[\"Product Viewed\"]");
                var name = Take();
                if (Expect("]", open) is not { } close)
                    return null;
                parts.Add(new PathPart(open.Span.To(close.Span), name.Text, IsQuoted: true));
            }
            else
            {
                return Count(new PathSyntax(first.Span.To(parts[^1].Span), parts));
            }
        }
    }

    private Token? Expect(string symbol, Token open, bool consume = true)
    {
        if (Next.Is(TokenKind.Symbol, symbol))
            return consume ? Take() : Next;
        var start = ExpressionError.At(_text, open.Span, string.Empty);
        Fail(Next.Span, $"expected {symbol} to go with the {open.Text} at {start.Line}:{start.Column}, found {Next.Describe(_text)}");
        return null;
    }

    private Syntax? Literal(Token token, Operand value) => Count(new LiteralSyntax(token.Span, value));

    private Syntax? Count(Syntax syntax) =>
        ++_nodes <= ExpressionLimits.MaxNodes ? syntax : Fail(syntax.Span, $"an expression has at most {ExpressionLimits.MaxNodes:N0} parts");

    private Token Take() => _tokens[_at++];

    private Syntax? Fail(Span span, string message)
    {
        _error ??= ExpressionError.At(_text, span, message);
        return null;
    }
}
