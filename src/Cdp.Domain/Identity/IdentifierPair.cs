namespace Cdp.Domain.Identity;

/// <summary>Names a pair of identifiers, in whichever order they appeared.</summary>
public static class IdentifierPair
{
    /// <summary>The pair's key. Namespaces and hashes hold no <c>|</c>.</summary>
    public static string Of(string a, string b) => string.CompareOrdinal(a, b) <= 0 ? $"{a}|{b}" : $"{b}|{a}";
}
