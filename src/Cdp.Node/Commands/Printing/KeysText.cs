using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes API keys for people.</summary>
internal static class KeysText
{
    public static string WriteCreated(CreateKeyResponse response)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("id", response.Key.Id);
        facts.Add("roles", Roles(response.Key));
        facts.Add("secret", response.Secret);
        facts.WriteTo(text);
        text.Append("The secret is not shown again: keep it now, e.g. in CDP_KEY or a file for --key-file.\n");
        return text.ToString();
    }

    public static string Write(IReadOnlyCollection<Key> keys)
    {
        if (keys.Count == 0)
            return "no keys\n";
        var table = new TextTable("id", "roles", "source", "purpose", "created", "revoked", "description");
        foreach (var key in keys)
        {
            table.Add(
                key.Id, Roles(key), key.Source, key.DefaultPurpose, ValueText.Of(key.CreatedAt), ValueText.Of(key.RevokedAt), key.Description);
        }

        var text = new StringBuilder();
        table.WriteTo(text);
        return text.ToString();
    }

    private static string Roles(Key key) => string.Join(",", key.Roles.Select(role => role.ToString().ToLowerInvariant()));
}
