using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Identity;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tenants;

/// <summary>Changes of a tenant's placements.</summary>
internal static class PlacementChanges
{
    private const int MaxDisplayName = 200;

    /// <summary>Makes a placement or changes it.</summary>
    public static EventRefusal? Put(TenantConfig config, Placement put, long nowMicros)
    {
        if (Check(put, TenantChanges.CurrencyOf(config)) is { } wrong)
            return wrong;
        var known = config.Placements.FirstOrDefault(stored => stored.Placement.Id == put.Id);
        if (TenantChanges.CheckEtag(put.Etag, known?.Placement.Etag ?? string.Empty) is { } stale)
            return stale;
        if (known is null && config.Placements.Count >= DecisionLimits.Definitions)
            return new(TenantReasons.TooMany, string.Empty, $"A tenant has at most {DecisionLimits.Definitions} placements.");
        var placement = put.Clone();
        placement.Etag = TenantChanges.Etag(config);
        placement.Version = (known?.Placement.Version ?? 0) + 1;
        placement.CreatedAt = known?.Placement.CreatedAt ?? new Timestamp { UnixMicros = nowMicros };
        placement.UpdatedAt = new Timestamp { UnixMicros = nowMicros };
        if (known is null)
            config.Placements.Add(known = new StoredPlacement { Number = ++config.LastPlacementNumber });
        known.Placement = placement;
        config.DecisionsVersion++;
        return ActionChanges.CheckSize(config);
    }

    private static EventRefusal? Check(Placement placement, string currency)
    {
        if (!IdentifierNormalizer.IsNamespace(placement.Id))
            return TenantChanges.Invalid("placement.id", "Give 1 to 64 of a-z, 0-9, '_', '.', '-'.");
        if (placement.DisplayName.Length > MaxDisplayName)
            return TenantChanges.Invalid("placement.display_name", $"Give at most {MaxDisplayName} characters.");
        if (placement.Channel.Length is 0 or > EventLimits.MaxNameLength)
            return TenantChanges.Invalid("placement.channel", $"Give 1 to {EventLimits.MaxNameLength} characters.");
        if (placement.Slots is < 0 or > DecisionLimits.Slots)
            return TenantChanges.Invalid("placement.slots", $"Give 1 to {DecisionLimits.Slots}, or 0 for 1.");
        if (!Enum.IsDefined(placement.Policy))
            return TenantChanges.Invalid("placement.policy", "Give EXPLORE or EXPLOIT.");
        if (placement.Success is not (OutcomeKind.Unspecified or OutcomeKind.Clicked or OutcomeKind.Accepted or OutcomeKind.Converted))
            return TenantChanges.Invalid("placement.success", "Give CLICKED, ACCEPTED or CONVERTED.");
        if (!Enum.IsDefined(placement.Reward))
            return TenantChanges.Invalid("placement.reward", "Give RATE or VALUE.");
        if (placement.ReservationSeconds is not 0 and (< 10 or > DecisionLimits.ReservationSeconds))
            return TenantChanges.Invalid("placement.reservation_seconds", "Give 10 to 604,800 seconds (7 days), or 0 for 1,800.");
        return ActionChanges.CheckLabels(placement.ActionLabels, "placement.action_labels")
            ?? ActionChanges.CheckAmount(placement.MinimumValue, "placement.minimum_value", currency)
            ?? CheckFallback(placement);
    }

    private static EventRefusal? CheckFallback(Placement placement)
    {
        if (placement.Fallback is not { } fallback)
            return null;
        return fallback.Channel == placement.Channel
            ? ActionChanges.Check(fallback, "placement.fallback")
            : TenantChanges.Invalid("placement.fallback.channel", "Give the placement's channel.");
    }
}
