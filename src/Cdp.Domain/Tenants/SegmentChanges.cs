using Cdp.Domain.Events;
using Cdp.Domain.Expressions;
using Cdp.Domain.Identity;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tenants;

/// <summary>Changes of a tenant's segments.</summary>
internal static class SegmentChanges
{
    private const int MaxDisplayName = 200;
    private const int MaxDescription = 2_000;

    /// <summary>Makes a segment or changes it.</summary>
    public static EventRefusal? Put(TenantConfig config, Segment put, long nowMicros)
    {
        if (!IdentifierNormalizer.IsNamespace(put.Id))
            return TenantChanges.Invalid("segment.id", "Give 1 to 64 of a-z, 0-9, '_', '.', '-'.");
        if (put.DisplayName.Length > MaxDisplayName)
            return TenantChanges.Invalid("segment.display_name", $"Give at most {MaxDisplayName} characters.");
        if (put.Description.Length > MaxDescription)
            return TenantChanges.Invalid("segment.description", $"Give at most {MaxDescription} characters.");
        if (put.Purpose.Length > 0 && TenantChanges.Undeclared(config, put.Purpose, "segment.purpose") is { } undeclared)
            return undeclared;
        if (put.Channel.Length > EventLimits.MaxNameLength)
            return TenantChanges.Invalid("segment.channel", $"Give at most {EventLimits.MaxNameLength} characters.");
        if (put.Channel.Length > 0 && put.Purpose.Length == 0)
            return TenantChanges.Invalid("segment.channel", "A channel goes with a purpose: name it, or leave the channel out.");
        if (CompiledExpression.Compile(put.Expression, ExpressionUse.Segment, out var errors) is not { } condition)
            return new(TenantReasons.ExpressionInvalid, "segment.expression", string.Join('\n', errors));
        var known = config.Segments.FirstOrDefault(stored => stored.Segment.Id == put.Id);
        if (TenantChanges.CheckEtag(put.Etag, known?.Segment.Etag ?? string.Empty) is { } stale)
            return stale;
        if (known is null && config.Segments.Count >= TenantChanges.MaxEntries)
            return new(TenantReasons.TooMany, string.Empty, $"A tenant has at most {TenantChanges.MaxEntries} segments.");

        bool moves = known is null || known.Segment.Expression != condition.Text || known.Segment.Purpose != put.Purpose || known.Segment.Channel != put.Channel;
        if (moves)
            config.SegmentsVersion++;
        if (known is null)
            config.Segments.Add(known = new StoredSegment { Number = ++config.LastSegmentNumber });
        known.Segment = new Segment
        {
            Id = put.Id,
            DisplayName = put.DisplayName,
            Description = put.Description,
            Expression = condition.Text,
            Etag = TenantChanges.Etag(config),
            Version = (known.Segment?.Version ?? 0) + (moves ? 1 : 0),
            CreatedAt = known.Segment?.CreatedAt ?? new Timestamp { UnixMicros = nowMicros },
            UpdatedAt = new Timestamp { UnixMicros = nowMicros },
            Purpose = put.Purpose,
            Channel = put.Channel,
        };
        return null;
    }

    /// <summary>Removes a segment; its number is never used again.</summary>
    public static EventRefusal? Delete(TenantConfig config, DeleteSegmentRequest delete)
    {
        if (config.Segments.FirstOrDefault(stored => stored.Segment.Id == delete.Id) is not { } known)
            return new(TenantReasons.SegmentUnknown, "id", "There is no such segment; ListSegments names them.");
        if (TenantChanges.CheckEtag(delete.Etag, known.Segment.Etag) is { } stale)
            return stale;
        config.Segments.Remove(known);
        config.SegmentsVersion++;
        return null;
    }
}
