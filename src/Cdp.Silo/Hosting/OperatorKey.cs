using System.Security.Cryptography;
using Cdp.Gateway.Keys;

namespace Cdp.Silo.Hosting;

/// <summary>The operator's key, which a cluster is given from outside: its silos have no file in common.</summary>
/// <param name="Text">The key.</param>
internal sealed record OperatorKey(string Text)
{
    /// <summary>The variable that holds it.</summary>
    public const string Variable = "CDP_ADMIN_KEY";

    private readonly byte[] _hash = ApiKeys.Hash(Text);

    /// <summary>Whether somebody gave this key; takes as long for every text of a length.</summary>
    public bool Is(string given) => CryptographicOperations.FixedTimeEquals(_hash, ApiKeys.Hash(given));

    /// <summary>Checks a key.</summary>
    /// <exception cref="SettingException">It is missing or too short.</exception>
    public static OperatorKey Read(string? text) => ApiKeys.IsOperatorKey(text)
        ? new OperatorKey(text!)
        : throw new SettingException($"{Variable}: give the operator's key, at least {ApiKeys.MinLength} characters that do not begin with \"cdp_\"; the same to all silos.");
}
