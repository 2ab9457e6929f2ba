namespace Cdp.Domain.Expressions;

/// <summary>What an expression holds at most. Documented in docs/limits.md.</summary>
public static class ExpressionLimits
{
    /// <summary>UTF-16 code units.</summary>
    public const int MaxLength = 8_192;

    /// <summary>Nesting, so that no text can exhaust the stack.</summary>
    public const int MaxDepth = 64;

    /// <summary>Values, fields and operators.</summary>
    public const int MaxNodes = 1_000;
}
