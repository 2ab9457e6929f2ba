using System.Text.Json;
using Cdp.Domain.Identity;

namespace Cdp.Domain.Tests.Identity;

/// <summary>A published vector of e-mail normalisation, whose options default to providers' private rules.</summary>
internal static class EmailVector
{
    private static readonly NamespaceRule Email = new NamespaceRules(IdentityWorld.Config()).Of("email");

    /// <summary>Whether the vector's options leave everything as we do: lower case and nothing else.</summary>
    public static bool IsOurs(JsonElement vector)
    {
        var input = vector.GetProperty("input").GetString()!.ToLowerInvariant();
        if (vector.GetProperty("expected").ValueKind == JsonValueKind.False) return input.StartsWith('@');
        var (local, domain) = (input[..input.LastIndexOf('@')], input[(input.LastIndexOf('@') + 1)..]);
        if (!On("all_lowercase")) return false;
        if (domain is "gmail.com" or "googlemail.com")
        {
            return (domain == "gmail.com" || !On("gmail_convert_googlemaildotcom"))
                && (!local.Contains('.') || !On("gmail_remove_dots")) && (!local.Contains('+') || !On("gmail_remove_subaddress"));
        }

        if (domain.StartsWith("yandex.", StringComparison.Ordinal) || domain == "ya.ru")
        {
            return domain == "yandex.ru" || !On("yandex_convert_yandexru");
        }

        var provider = domain.Split('.')[0] switch
        {
            "icloud" or "me" => "icloud",
            "outlook" or "hotmail" or "live" or "msn" or "passport" => "outlookdotcom",
            "yahoo" or "ymail" or "rocketmail" => "yahoo",
            _ => null,
        };
        return provider is null || !local.AsSpan().ContainsAny('+', '-') || !On(provider + "_remove_subaddress");

        bool On(string option) =>
            !vector.GetProperty("options").TryGetProperty(option, out var value) || value.ValueKind == JsonValueKind.True;
    }

    public static void Check(JsonElement vector)
    {
        var actual = IdentifierNormalizer.Normalize(Email, vector.GetProperty("input").GetString()!, "DE");
        if (vector.GetProperty("expected").ValueKind == JsonValueKind.False) Assert.Equal("EMAIL_INVALID", actual.Reason);
        else Assert.Equal(vector.GetProperty("expected").GetString(), actual.Value);
    }

    /// <summary>The data folder beside the checkout.</summary>
    public static string DefaultData() => Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "data"));
}
