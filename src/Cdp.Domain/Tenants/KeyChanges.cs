using System.Globalization;
using Cdp.Domain.Events;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Tenants;

/// <summary>Changes of a tenant's keys.</summary>
public static class KeyChanges
{
    /// <summary>Most channels, and most event types, that one key may name.</summary>
    public const int MaxAllowed = 100;

    /// <summary>Most calls, and most events, a second to which a key can be limited.</summary>
    public const int MaxRate = 1_000_000;

    /// <summary>Seconds for which a former secret works on where a rotation does not say: 7 days.</summary>
    public const long DefaultOverlapSeconds = 7 * 86_400;

    /// <summary>Most seconds for which a former secret works on: 30 days.</summary>
    public const long MaxOverlapSeconds = 30 * 86_400;

    private const long MicrosPerSecond = 1_000_000;

    /// <summary>Adds a key; one that is there already stays as it is.</summary>
    internal static EventRefusal? Add(TenantConfig config, StoredKey stored, long nowMicros)
    {
        if (config.Keys.Any(k => k.Key.Id == stored.Key.Id)) return null;
        var key = stored.Key;
        if (key.Roles.Count == 0 || key.Roles.Any(r => r == Role.Unspecified || !Enum.IsDefined(r)))
            return TenantChanges.Invalid("roles", "Give one or more of WRITER, READER, DECIDER, ADMIN.");
        if (key.Source.Length > EventLimits.MaxNameLength) return TenantChanges.Invalid("source", $"Give at most {EventLimits.MaxNameLength} characters.");
        if (key.Description.Length > 200) return TenantChanges.Invalid("description", "Give at most 200 characters.");
        if (key.DefaultPurpose.Length > 0 && TenantChanges.Undeclared(config, key.DefaultPurpose, "default_purpose") is { } undeclared) return undeclared;
        if (CheckScope(key) is { } wrong) return wrong;
        if (key.ExpiresAt is { } end && end.UnixMicros is var micros && (micros <= nowMicros || micros > EventLimits.MaxMicros))
            return TenantChanges.Invalid("expires_at", "Give a moment in the future.");
        if (key.RequestsPerSecond is < 0 or > MaxRate) return TenantChanges.Invalid("requests_per_second", "Give 1 to 1,000,000, or 0 for no limit.");
        if (key.EventsPerSecond is < 0 or > MaxRate) return TenantChanges.Invalid("events_per_second", "Give 1 to 1,000,000, or 0 for no limit.");

        if (config.Keys.Count >= TenantChanges.MaxEntries) return new(TenantReasons.TooMany, "", $"A tenant has at most {TenantChanges.MaxEntries} keys.");
        var added = stored.Clone();
        added.Key.CreatedAt = new Timestamp { UnixMicros = nowMicros };
        config.Keys.Add(added);
        return null;
    }

    /// <summary>Ends a key with all its secrets.</summary>
    internal static EventRefusal? Revoke(TenantConfig config, string id, long nowMicros)
    {
        if (Find(config, id) is not { } stored) return Unknown;
        stored.Key.RevokedAt ??= new Timestamp { UnixMicros = nowMicros };
        return null;
    }

    /// <summary>Gives a key a new secret. The one before works on for a while; an older one does not.</summary>
    internal static EventRefusal? Rotate(TenantConfig config, RotateStoredKey rotation, long nowMicros)
    {
        if (Find(config, rotation.Id) is not { } stored) return Unknown;
        var key = stored.Key;
        if (key.RevokedAt is not null) return new(TenantReasons.KeyRevoked, "key_id", "The key was revoked, which no new secret undoes. Make another with CreateKey.");
        if (key.ExpiresAt is { } end && end.UnixMicros <= nowMicros) return new(TenantReasons.KeyExpired, "key_id", "The key has expired, which no new secret undoes. Make another with CreateKey.");
        if (rotation.OverlapSeconds is < 0 or > MaxOverlapSeconds) return TenantChanges.Invalid("overlap_seconds", "Give 0 to 2,592,000 (30 days), or nothing for 7 days.");

        // The same rotation, of which the caller did not hear that it was made.
        if (stored.SecretHash == rotation.SecretHash) return null;
        stored.FormerSecretHash = rotation.OverlapSeconds > 0 ? stored.SecretHash : ByteString.Empty;
        key.FormerSecretUntil = rotation.OverlapSeconds > 0 ? new Timestamp { UnixMicros = nowMicros + (rotation.OverlapSeconds * MicrosPerSecond) } : null;
        stored.SecretHash = rotation.SecretHash;
        key.RotatedAt = new Timestamp { UnixMicros = nowMicros };
        return null;
    }

    private static EventRefusal? CheckScope(Key key)
    {
        if (CheckNames(key.AllowedChannels, "allowed_channels", EventLimits.MaxNameLength) is { } channels) return channels;
        if (CheckNames(key.AllowedEventTypes, "allowed_event_types", EventLimits.MaxTypeLength) is { } types) return types;
        if (key.SourceBound && key.Source.Length == 0) return TenantChanges.Invalid("source", "Name the source to which the key is bound.");
        return KeyScope.Of(key) is not null && key.Roles.Contains(Role.Admin)
            ? TenantChanges.Invalid("roles", "A key with the role ADMIN makes keys without limits, so limits of sources, channels and types would mean nothing. Leave one of them out.")
            : null;
    }

    private static EventRefusal? CheckNames(RepeatedField<string> names, string field, int most)
    {
        if (names.Count > MaxAllowed) return new(TenantReasons.TooMany, field, $"Give at most {MaxAllowed}.");
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i].Length == 0 || names[i].Length > most || names[i].Any(char.IsControl))
                return TenantChanges.Invalid(string.Create(CultureInfo.InvariantCulture, $"{field}[{i}]"), $"Give 1 to {most} characters.");
        }

        return null;
    }

    private static StoredKey? Find(TenantConfig config, string id) => config.Keys.FirstOrDefault(k => k.Key.Id == id);

    private static EventRefusal Unknown { get; } = new(TenantReasons.KeyUnknown, "key_id", "There is no such key; ListKeys names them.");
}
