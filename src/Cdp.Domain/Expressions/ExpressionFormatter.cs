using System.Text;

namespace Cdp.Domain.Expressions;

/// <summary>Writes expressions in their one canonical form: no needless parenthesis or bracket, single spaces.</summary>
internal static class ExpressionFormatter
{
    private const int Tightest = int.MaxValue;

    /// <summary>The canonical text: parsing it gives the same expression.</summary>
    public static string Format(Syntax syntax)
    {
        var text = new StringBuilder();
        Write(text, syntax);
        return text.ToString();
    }

    /// <summary>A text between quotes.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"", text.Length + 2);
        foreach (char c in text)
        {
            if (c is '"' or '\\' or '\n' or '\t')
                quoted.Append('\\');
            quoted.Append(c switch
            {
                '\n' => 'n',
                '\t' => 't',
                _ => c,
            });
        }

        return quoted.Append('"').ToString();
    }

    private static void Write(StringBuilder text, Syntax syntax)
    {
        switch (syntax)
        {
            case LiteralSyntax literal:
                text.Append(literal.Value.ToString());
                break;
            case PathSyntax path:
                WritePath(text, path);
                break;
            case ListSyntax list:
                WriteItems(text, list.Items, '[', ']');
                break;
            case CallSyntax call:
                text.Append(call.Name);
                WriteItems(text, call.Arguments, '(', ')');
                break;
            case UnarySyntax { Operator: UnaryOperator.Not } not:
                text.Append("not ");
                WriteOperand(text, not.Inner, Operators.Not);
                break;
            case UnarySyntax minus:
                text.Append('-');
                WriteOperand(text, minus.Inner, Operators.Minus);
                break;
            case PresenceSyntax presence:
                WriteOperand(text, presence.Inner, Operators.Comparison + 1);
                text.Append(presence.IsSet ? " is set" : " is missing");
                break;
            case BinarySyntax binary:
                WriteBinary(text, binary);
                break;
        }
    }

    private static void WriteBinary(StringBuilder text, BinarySyntax binary)
    {
        int precedence = Operators.PrecedenceOf(binary.Operator);

        // Comparisons do not chain; what binds as tightly on the right was in parentheses.
        WriteOperand(text, binary.Left, precedence == Operators.Comparison ? precedence + 1 : precedence);
        text.Append(' ').Append(Operators.TextOf(binary.Operator)).Append(' ');
        WriteOperand(text, binary.Right, precedence + 1);
    }

    private static void WriteOperand(StringBuilder text, Syntax operand, int least)
    {
        bool isLoose = PrecedenceOf(operand) < least;
        if (isLoose)
            text.Append('(');
        Write(text, operand);
        if (isLoose)
            text.Append(')');
    }

    private static int PrecedenceOf(Syntax syntax) => syntax switch
    {
        BinarySyntax binary => Operators.PrecedenceOf(binary.Operator),
        PresenceSyntax => Operators.Comparison,
        UnarySyntax { Operator: UnaryOperator.Not } => Operators.Not,
        UnarySyntax => Operators.Minus,
        _ => Tightest,
    };

    private static void WriteItems(StringBuilder text, IReadOnlyList<Syntax> items, char open, char close)
    {
        text.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                text.Append(", ");
            Write(text, items[i]);
        }

        text.Append(close);
    }

    private static void WritePath(StringBuilder text, PathSyntax path)
    {
        text.Append(path.Parts[0].Name);
        foreach (var part in path.Parts.Skip(1))
        {
            if (Lexer.IsName(part.Name))
                text.Append('.').Append(part.Name);
            else
                text.Append('[').Append(Quote(part.Name)).Append(']');
        }
    }
}
