namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// The order of SQLite's texts: that of their UTF-8 bytes, which is that of their code points. Ordinal order differs only
/// where surrogates meet the characters from U+E000 on.
/// </summary>
internal sealed class Utf8Order : IComparer<string>
{
    public static readonly Utf8Order Instance = new();

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null) return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        var at = x.AsSpan().CommonPrefixLength(y);
        if (at == x.Length || at == y.Length) return x.Length - y.Length;
        return Rank(x[at]) - Rank(y[at]);
    }

    private static int Rank(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
}
