namespace Cdp.Domain.Identity;

/// <summary>An identifier as it was sent, and what became of it. Immutable.</summary>
/// <param name="Rule">Its namespace's rule.</param>
/// <param name="Resolution">Its normalised value, or why it is not used.</param>
/// <param name="Key">IdentifierKey.key; empty unless usable.</param>
public sealed record ResolvedIdentifier(NamespaceRule Rule, IdentifierResolution Resolution, string Key)
{
    /// <summary>Whether it identifies someone.</summary>
    public bool IsUsable => Resolution.Outcome == IdentifierOutcome.Usable;
}
