namespace Cdp.Domain.Expressions;

internal enum TokenKind
{
    End,
    Name,
    Keyword,
    Number,
    Text,
    Duration,
    Timestamp,
    Symbol,
}

/// <summary>A word of an expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Span">Where it stands.</param>
/// <param name="Text">A name, keyword or symbol as written; a text without its quotes and escapes.</param>
/// <param name="Value">A number's nanos, a duration's or timestamp's microseconds.</param>
internal readonly record struct Token(TokenKind Kind, Span Span, string Text, Int128 Value = default)
{
    public bool Is(TokenKind kind, string text) => Kind == kind && string.Equals(Text, text, StringComparison.Ordinal);

    /// <summary>As an error names it.</summary>
    public string Describe(string source) => Kind == TokenKind.End ? "the end" : $"'{source.AsSpan(Span.Start, Span.Length)}'";
}
