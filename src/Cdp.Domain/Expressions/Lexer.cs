using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Cdp.Domain.Events;

namespace Cdp.Domain.Expressions;

/// <summary>Cuts an expression into words.</summary>
internal sealed class Lexer
{
    private static readonly FrozenSet<string> Keywords = FrozenSet.Create(
        StringComparer.Ordinal, "and", "or", "not", "in", "is", "set", "missing", "contains", "starts_with", "ends_with", "within", "true", "false");

    private static readonly string[] Symbols = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ",", "."];

    private readonly string _text;
    private readonly List<Token> _tokens = [];
    private int _at;

    private Lexer(string text) => _text = text;

    /// <summary>Whether a name may not stand alone, since it is a word of the language.</summary>
    public static bool IsKeyword(string name) => Keywords.Contains(name);

    /// <summary>Whether a text may be written as a name.</summary>
    public static bool IsName(string text) => text.Length > 0 && IsNameStart(text[0]) && text.AsSpan().IndexOfAnyExcept(NameCharacters) < 0;

    /// <summary>All words and the end; null with an error where something is no word.</summary>
    public static List<Token>? Read(string text, out ExpressionError? error)
    {
        var lexer = new Lexer(text);
        while (true)
        {
            while (lexer._at < text.Length && char.IsWhiteSpace(text[lexer._at]))
                lexer._at++;
            if (lexer._at == text.Length)
                break;
            if (lexer.ReadToken() is not { } problem)
                continue;
            error = ExpressionError.At(text, problem.Span, problem.Message);
            return null;
        }

        lexer._tokens.Add(new Token(TokenKind.End, new Span(text.Length, 0), string.Empty));
        error = null;
        return lexer._tokens;
    }

    private static System.Buffers.SearchValues<char> NameCharacters { get; } =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    private Problem? ReadToken()
    {
        char c = _text[_at];
        if (IsNameStart(c))
        {
            ReadName();
            return null;
        }

        if (char.IsAsciiDigit(c))
            return StartsDate() ? ReadTimestamp() : ReadNumber();
        return c == '"' ? ReadText() : ReadSymbol();
    }

    private void ReadName()
    {
        int length = _text.AsSpan(_at).IndexOfAnyExcept(NameCharacters);
        var span = new Span(_at, length < 0 ? _text.Length - _at : length);
        string name = _text.Substring(span.Start, span.Length);
        _tokens.Add(new Token(IsKeyword(name) ? TokenKind.Keyword : TokenKind.Name, span, name));
        _at = span.End;
    }

    private Problem? ReadSymbol()
    {
        foreach (string symbol in Symbols)
        {
            if (string.CompareOrdinal(_text, _at, symbol, 0, symbol.Length) != 0)
                continue;
            Add(TokenKind.Symbol, _at + symbol.Length, symbol);
            return null;
        }

        var span = new Span(_at, char.IsHighSurrogate(_text[_at]) && _at + 1 < _text.Length ? 2 : 1);
        string hint = _text[_at] switch
        {
            '=' => "; to compare, write ==",
            '&' => "; write and",
            '|' => "; write or",
            '!' => "; write not",
            '\'' or '“' or '”' or '‘' or '’' => "; texts stand between double quotes (\")",
            _ => string.Empty,
        };
        return new Problem(span, $"this character means nothing here{hint}");
    }

    private Problem? ReadText()
    {
        int start = _at;
        var text = new StringBuilder();
        for (_at++; _at < _text.Length && _text[_at] != '\n'; _at++)
        {
            char c = _text[_at];
            if (c == '"')
            {
                _at++;
                _tokens.Add(new Token(TokenKind.Text, new Span(start, _at - start), text.ToString()));
                return null;
            }

            if (c != '\\')
            {
                text.Append(c);
                continue;
            }

            char escaped = ++_at < _text.Length ? _text[_at] : '\0';
            if (escaped is '"' or '\\')
                text.Append(escaped);
            else if (escaped is 'n' or 't')
                text.Append(escaped == 'n' ? '\n' : '\t');
            else
                return new Problem(new Span(_at - 1, Math.Min(2, _text.Length - _at + 1)), """unknown escape; known are \" \\ \n and \t""");
        }

        return new Problem(new Span(start, 1), "this text does not end; it needs a closing \" on the same line");
    }

    private Problem? ReadNumber()
    {
        int start = _at;
        SkipDigits();
        bool isInteger = true;
        if (_at + 1 < _text.Length && _text[_at] == '.' && char.IsAsciiDigit(_text[_at + 1]))
        {
            isInteger = false;
            _at++;
            SkipDigits();
        }

        if (_at < _text.Length && IsNameStart(_text[_at]))
        {
            if (isInteger && Moments.MicrosOf(_text[_at]) is not null)
                return ReadDuration(start);
            int end = _at;
            while (end < _text.Length && NameCharacters.Contains(_text[end]))
                end++;
            return new Problem(new Span(_at, end - _at), "no unit of time; known are w, d, h, m and s, as in 30d (amounts: 30 EUR, with a space)");
        }

        var span = new Span(start, _at - start);
        if (!Decimals.TryParse(_text.AsSpan(span.Start, span.Length), out var nanos))
            return new Problem(span, "a number has at most 15 digits before the point and 9 after it");
        _tokens.Add(new Token(TokenKind.Number, span, string.Empty, nanos));
        return null;
    }

    /// <summary>One or more numbers with a unit each: <c>1d12h</c>.</summary>
    private Problem? ReadDuration(int start)
    {
        _at = start;
        Int128 micros = 0;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
        {
            int from = _at;
            SkipDigits();
            if (_at == _text.Length || Moments.MicrosOf(_text[_at]) is not { } unit)
                return new Problem(new Span(from, Math.Max(1, _at - from)), "a unit of time is missing: w, d, h, m or s, as in 1d12h");
            if (!long.TryParse(_text.AsSpan(from, _at - from), NumberStyles.None, CultureInfo.InvariantCulture, out long count))
                count = long.MaxValue;
            micros += (Int128)count * unit;
            _at++;
        }

        var span = new Span(start, _at - start);
        if (_at < _text.Length && NameCharacters.Contains(_text[_at]))
            return new Problem(new Span(_at, 1), "a duration is numbers with the units w, d, h, m and s, as in 1d12h");
        if (micros > Operand.MaxDurationMicros)
            return new Problem(span, "a duration is at most 10,000 years");
        _tokens.Add(new Token(TokenKind.Duration, span, string.Empty, micros));
        return null;
    }

    private bool StartsDate() =>
        _at + 4 < _text.Length && _text[_at + 4] == '-' && _text.AsSpan(_at, 4).IndexOfAnyExceptInRange('0', '9') < 0
        && _at + 5 < _text.Length && char.IsAsciiDigit(_text[_at + 5]);

    private Problem? ReadTimestamp()
    {
        int end = _at;
        while (end < _text.Length && (char.IsAsciiLetterOrDigit(_text[end]) || _text[end] is '-' or ':' or '.' or '+'))
            end++;
        var span = new Span(_at, end - _at);
        var text = _text.AsSpan(span.Start, span.Length);
        _at = end;
        if (!Moments.TryParse(text, out long micros))
            return new Problem(span, "no moment; write a date (2026-01-31, midnight UTC) or a time with its offset (2026-01-31T09:30:00Z, …+01:00)");
        _tokens.Add(new Token(TokenKind.Timestamp, span, string.Empty, micros));
        return null;
    }

    private void SkipDigits()
    {
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            _at++;
    }

    private void Add(TokenKind kind, int end, string text)
    {
        _tokens.Add(new Token(kind, new Span(_at, end - _at), text));
        _at = end;
    }

    private sealed record Problem(Span Span, string Message);
}
