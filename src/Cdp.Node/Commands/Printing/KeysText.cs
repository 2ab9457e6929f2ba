using System.Globalization;
using System.Text;
using Cdp.Domain.Events;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes API keys for people.</summary>
internal static class KeysText
{
    public static string WriteCreated(CreateKeyResponse response) => WriteSecret(response.Key, response.Secret);

    public static string WriteRotated(RotateKeyResponse response) => WriteSecret(response.Key, response.Secret);

    public static string Write(IReadOnlyCollection<Key> keys, DateTimeOffset now)
    {
        if (keys.Count == 0)
            return "no keys\n";
        var table = new TextTable("id", "roles", "source", "purpose", "publishes only", "a second", ">age", "expires", "rotated", "former secret until", "revoked", "description");
        foreach (var key in keys)
        {
            table.Add(
                key.Id, Roles(key), key.Source, key.DefaultPurpose, Scope(key), Rates(key), Age(key, now), Minute(key.ExpiresAt), Minute(key.RotatedAt), Minute(key.FormerSecretUntil), Minute(key.RevokedAt),
                key.Description);
        }

        var text = new StringBuilder();
        table.WriteTo(text);
        return text.ToString();
    }

    private static string WriteSecret(Key key, string secret)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("id", key.Id);
        facts.Add("roles", Roles(key));
        foreach (var (name, value) in ((string, string)[])[("publishes only", Scope(key)), ("a second", Rates(key)), ("expires", Minute(key.ExpiresAt)), ("former secret until", Minute(key.FormerSecretUntil))])
        {
            if (value.Length > 0) facts.Add(name, value);
        }

        facts.Add("secret", secret);
        facts.WriteTo(text);
        text.Append("The secret is not shown again: keep it now, e.g. in CDP_KEY or a file for --key-file.\n");
        return text.ToString();
    }

    private static string Roles(Key key) => string.Join(",", key.Roles.Select(role => role.ToString().ToLowerInvariant()));

    private static string Scope(Key key)
    {
        var parts = new List<string>();
        if (key.SourceBound) parts.Add($"source {key.Source}");
        if (key.AllowedChannels.Count > 0) parts.Add($"channel {string.Join(", ", key.AllowedChannels)}");
        if (key.AllowedEventTypes.Count > 0) parts.Add($"type {string.Join(", ", key.AllowedEventTypes)}");
        return string.Join("; ", parts);
    }

    private static string Rates(Key key)
    {
        var parts = new List<string>();
        if (key.RequestsPerSecond > 0) parts.Add($"{ValueText.Of(key.RequestsPerSecond)} calls");
        if (key.EventsPerSecond > 0) parts.Add($"{ValueText.Of(key.EventsPerSecond)} events");
        return string.Join(", ", parts);
    }

    /// <summary>A moment of the server's, to the minute.</summary>
    private static string Minute(Timestamp? time) =>
        time is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{DateTime.UnixEpoch.AddMicroseconds(time.UnixMicros):yyyy-MM-dd HH:mm}Z");

    private static string Age(Key key, DateTimeOffset now)
    {
        if (key.CreatedAt is not { } created) return "";
        var age = TimeSpan.FromMicroseconds(Math.Max(0, UnixTime.Micros(now) - created.UnixMicros));
        return age.TotalDays >= 1 ? Whole(age.TotalDays, 'd') : age.TotalHours >= 1 ? Whole(age.TotalHours, 'h') : Whole(age.TotalMinutes, 'm');
    }

    private static string Whole(double count, char unit) => string.Create(CultureInfo.InvariantCulture, $"{(long)count}{unit}");
}
