using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Cdp.Gateway.Keys;

/// <summary>
/// API keys: <c>cdp_TENANT_KEYID_SECRET</c>. The secret is 32 random bytes, so its SHA-256 may be kept: there is no
/// dictionary to try.
/// </summary>
public static class ApiKeys
{
    /// <summary>Tenant of the operator's key.</summary>
    public const string OperatorTenant = "default";

    /// <summary>Id of the first key.</summary>
    public const string OperatorKeyId = "operator";

    /// <summary>Fewest characters of a key given from outside.</summary>
    public const int MinLength = 20;

    /// <summary>Makes a new key.</summary>
    public static (string Id, string Text) Make(string tenant)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        return (id, Make(tenant, id));
    }

    /// <summary>Makes a new text for a key.</summary>
    public static string Make(string tenant, string id) => $"cdp_{tenant}_{id}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}";

    /// <summary>Makes the first key's text.</summary>
    public static string MakeOperatorKey() => Make(OperatorTenant, OperatorKeyId);

    /// <summary>Whether a text given from outside may be the operator's key.</summary>
    public static bool IsOperatorKey([NotNullWhen(true)] string? text) =>
        text is { Length: >= MinLength } && Parse(text) is (OperatorTenant, OperatorKeyId);

    /// <summary>What is stored of a key.</summary>
    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>Tenant and key id that a key names; a text of another form is an operator's own choice.</summary>
    public static (string Tenant, string Id) Parse(string key)
    {
        var parts = key.Split('_', 4);
        return parts is ["cdp", { Length: > 0 } tenant, { Length: > 0 } id, _] ? (tenant, id) : (OperatorTenant, OperatorKeyId);
    }
}
