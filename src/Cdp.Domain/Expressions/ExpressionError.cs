using System.Globalization;
using System.Text;

namespace Cdp.Domain.Expressions;

/// <summary>What is wrong with an expression, and where.</summary>
/// <param name="Message">What is wrong and what to do, in one sentence without a full stop.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column of the first character in question, from 1, in UTF-16 code units.</param>
/// <param name="Length">Number of characters in question; 0 where something is missing.</param>
/// <param name="SourceLine">The whole line.</param>
public sealed record ExpressionError(string Message, int Line, int Column, int Length, string SourceLine)
{
    private const int MostShown = 120;

    internal static ExpressionError At(string text, Span span, string message)
    {
        int start = Math.Min(span.Start, text.Length);
        int lineStart = start == 0 ? 0 : text.LastIndexOf('\n', start - 1) + 1;
        int lineEnd = text.IndexOf('\n', lineStart);
        if (lineEnd < 0)
            lineEnd = text.Length;
        int line = 1 + text.AsSpan(0, lineStart).Count('\n');
        string source = text[lineStart..lineEnd].TrimEnd('\r');
        return new ExpressionError(message, line, start - lineStart + 1, Math.Min(span.Length, lineEnd - start), source);
    }

    /// <summary>The message, the line and a caret under every character in question; of a long line what is around them.</summary>
    public override string ToString()
    {
        int at = Math.Min(Column - 1, SourceLine.Length);
        int from = SourceLine.Length <= MostShown ? 0 : Math.Clamp(at - (MostShown / 2), 0, SourceLine.Length - MostShown);
        int to = Math.Min(from + MostShown, SourceLine.Length);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Line}:{Column}: {Message}\n  ");
        text.Append(from > 0 ? "…" : string.Empty).Append(SourceLine.AsSpan(from, to - from)).Append(to < SourceLine.Length ? "…" : string.Empty).Append("\n  ");

        // A tab stays one, so that the caret stands where the terminal puts the character.
        text.Append(from > 0 ? " " : string.Empty);
        foreach (char c in SourceLine.AsSpan(from, at - from))
            text.Append(c == '\t' ? '\t' : ' ');
        return text.Append('^', Math.Clamp(Length, 1, Math.Max(1, to - at))).ToString();
    }
}
