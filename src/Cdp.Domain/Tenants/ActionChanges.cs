using System.Globalization;
using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Expressions;
using Cdp.Domain.Identity;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Tenants;

/// <summary>Changes of a tenant's actions.</summary>
internal static class ActionChanges
{
    private const int MaxDisplayName = 200;
    private const int MaxContentType = 128;
    private const int MaxPayloadKey = 512;

    /// <summary>Makes an action or changes it.</summary>
    public static EventRefusal? Put(TenantConfig config, Cdp.V1.Action put, long nowMicros)
    {
        var action = put.Clone();
        if (Check(action, TenantChanges.CurrencyOf(config)) is { } wrong)
            return wrong;
        if (action.Purpose.Length > 0 && TenantChanges.Undeclared(config, action.Purpose, "action.purpose") is { } undeclared)
            return undeclared;
        var known = config.Actions.FirstOrDefault(stored => stored.Action.Id == put.Id);
        if (TenantChanges.CheckEtag(put.Etag, known?.Action.Etag ?? string.Empty) is { } stale)
            return stale;
        if (known is null && config.Actions.Count >= DecisionLimits.Definitions)
            return new(TenantReasons.TooMany, string.Empty, $"A tenant has at most {DecisionLimits.Definitions} actions.");
        action.Etag = TenantChanges.Etag(config);
        action.Version = (known?.Action.Version ?? 0) + 1;
        action.CreatedAt = known?.Action.CreatedAt ?? new Timestamp { UnixMicros = nowMicros };
        action.UpdatedAt = new Timestamp { UnixMicros = nowMicros };
        if (known is null)
            config.Actions.Add(known = new StoredAction { Number = ++config.LastActionNumber });
        known.Action = action;
        config.DecisionsVersion++;
        return CheckSize(config);
    }

    /// <summary>Removes an action; its number is never used again.</summary>
    public static EventRefusal? Delete(TenantConfig config, DeleteActionRequest delete)
    {
        if (config.Actions.FirstOrDefault(stored => stored.Action.Id == delete.Id) is not { } known)
            return new(TenantReasons.ActionUnknown, "id", "There is no such action; ListActions names them.");
        if (TenantChanges.CheckEtag(delete.Etag, known.Action.Etag) is { } stale)
            return stale;
        config.Actions.Remove(known);
        config.DecisionsVersion++;
        return null;
    }

    /// <summary>Refuses what makes all definitions together too large.</summary>
    public static EventRefusal? CheckSize(TenantConfig config)
    {
        long bytes = config.Actions.Sum(stored => (long)stored.CalculateSize()) + config.Placements.Sum(stored => (long)stored.CalculateSize());
        return bytes <= DecisionLimits.DefinitionBytes
            ? null
            : new(TenantReasons.DefinitionsTooLarge, string.Empty, $"All actions and placements of a tenant take at most {DecisionLimits.DefinitionBytes} bytes; name payloads by key.");
    }

    /// <summary>What is wrong with a payload.</summary>
    public static EventRefusal? Check(Payload payload, string field)
    {
        if (payload.Channel.Length is 0 or > EventLimits.MaxNameLength)
            return TenantChanges.Invalid($"{field}.channel", $"Give 1 to {EventLimits.MaxNameLength} characters.");
        if (payload.ContentType.Length > MaxContentType)
            return TenantChanges.Invalid($"{field}.content_type", $"Give at most {MaxContentType} characters.");
        return payload.ContentCase switch
        {
            Payload.ContentOneofCase.Data when payload.Data.Length > DecisionLimits.PayloadBytes =>
                TenantChanges.Invalid($"{field}.data", $"Give at most {DecisionLimits.PayloadBytes} bytes, or a key by which the channel finds it."),
            Payload.ContentOneofCase.Key when payload.Key.Length is 0 or > MaxPayloadKey =>
                TenantChanges.Invalid($"{field}.key", $"Give 1 to {MaxPayloadKey} characters."),
            Payload.ContentOneofCase.None => TenantChanges.Invalid(field, "Give data or a key."),
            _ => null,
        };
    }

    /// <summary>What is wrong with labels.</summary>
    public static EventRefusal? CheckLabels(RepeatedField<string> labels, string field)
    {
        if (labels.Count > DecisionLimits.Labels)
            return TenantChanges.Invalid(field, $"Give at most {DecisionLimits.Labels} labels.");
        for (int i = 0; i < labels.Count; i++)
        {
            if (labels[i].Length is 0 or > EventLimits.MaxNameLength)
                return TenantChanges.Invalid(At(field, i), $"Give 1 to {EventLimits.MaxNameLength} characters.");
        }

        return null;
    }

    /// <summary>What is wrong with an amount.</summary>
    public static EventRefusal? CheckAmount(Money? money, string field, string currency) =>
        money is null || Amounts.TryRead(money, currency, out _)
            ? null
            : TenantChanges.Invalid(field, $"Give 0 to 1,000,000,000 {currency}, the tenant's currency, with at most 4 digits after the point.");

    private static string At(string field, int index) => string.Create(CultureInfo.InvariantCulture, $"{field}[{index}]");

    private static EventRefusal? Check(Cdp.V1.Action action, string currency)
    {
        if (!IdentifierNormalizer.IsNamespace(action.Id))
            return TenantChanges.Invalid("action.id", "Give 1 to 64 of a-z, 0-9, '_', '.', '-'.");
        if (action.DisplayName.Length > MaxDisplayName)
            return TenantChanges.Invalid("action.display_name", $"Give at most {MaxDisplayName} characters.");
        if (action.Objective.Length > EventLimits.MaxNameLength)
            return TenantChanges.Invalid("action.objective", $"Give at most {EventLimits.MaxNameLength} characters.");
        if (action.ValidFrom is { } from && action.ValidUntil is { } until && until.UnixMicros <= from.UnixMicros)
            return TenantChanges.Invalid("action.valid_until", "Give a moment after valid_from.");
        return CheckMoment(action.ValidFrom, "action.valid_from")
            ?? CheckMoment(action.ValidUntil, "action.valid_until")
            ?? CheckLabels(action.Labels, "action.labels")
            ?? CheckAmount(action.Value, "action.value", currency)
            ?? CheckPayloads(action.Payloads)
            ?? CheckCap(action.Cap)
            ?? CheckPrior(action.Prior)
            ?? CheckConditions(action);
    }

    private static EventRefusal? CheckMoment(Timestamp? moment, string field) =>
        moment is null or { UnixMicros: >= EventLimits.MinMicros and <= EventLimits.MaxMicros }
            ? null
            : TenantChanges.Invalid(field, "Give a moment between the years 0001 and 9999.");

    private static EventRefusal? CheckPayloads(RepeatedField<Payload> payloads)
    {
        if (payloads.Count > DecisionLimits.Channels)
            return TenantChanges.Invalid("action.payloads", $"Give payloads for at most {DecisionLimits.Channels} channels.");
        var channels = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < payloads.Count; i++)
        {
            if (Check(payloads[i], At("action.payloads", i)) is { } wrong)
                return wrong;
            if (!channels.Add(payloads[i].Channel))
                return TenantChanges.Invalid($"{At("action.payloads", i)}.channel", "Give one payload for each channel.");
        }

        return payloads.Sum(payload => payload.Data.Length) <= DecisionLimits.ActionPayloadBytes
            ? null
            : TenantChanges.Invalid("action.payloads", $"Give at most {DecisionLimits.ActionPayloadBytes} bytes for all channels together, or keys by which they find them.");
    }

    private static EventRefusal? CheckCap(ActionCap? cap)
    {
        if (cap is null)
            return null;
        if (cap.MaxShown is < 1 or > DecisionLimits.CapShown)
            return TenantChanges.Invalid("action.cap.max_shown", $"Give 1 to {DecisionLimits.CapShown}.");
        return cap.PeriodSeconds is 0 or (>= 60 and <= DecisionLimits.CapPeriodSeconds)
            ? null
            : TenantChanges.Invalid("action.cap.period_seconds", "Give 60 to 31,622,400 seconds (366 days), or 0 for ever.");
    }

    private static EventRefusal? CheckPrior(ActionPrior? prior)
    {
        if (prior is null)
            return null;
        if (prior.Shown is < 0 or > DecisionLimits.PriorShown)
            return TenantChanges.Invalid("action.prior.shown", "Give 0 to 1,000,000.");
        return prior.Succeeded >= 0 && prior.Succeeded <= prior.Shown
            ? null
            : TenantChanges.Invalid("action.prior.succeeded", "Give 0 to prior.shown.");
    }

    /// <summary>Checks the conditions, and writes them in canonical form.</summary>
    private static EventRefusal? CheckConditions(Cdp.V1.Action action)
    {
        if (action.Rules.Count > DecisionLimits.Rules)
            return TenantChanges.Invalid("action.rules", $"Give at most {DecisionLimits.Rules} rules; join conditions with 'or'.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < action.Rules.Count; i++)
        {
            var rule = action.Rules[i];
            string field = At("action.rules", i);
            if (!IdentifierNormalizer.IsNamespace(rule.Name))
                return TenantChanges.Invalid($"{field}.name", "Give 1 to 64 of a-z, 0-9, '_', '.', '-'.");
            if (Removals.IsReserved(rule.Name))
                return TenantChanges.Invalid($"{field}.name", "This name is one of the platform's own rules; take another.");
            if (!names.Add(rule.Name))
                return TenantChanges.Invalid($"{field}.name", "Another rule of the action has this name; take another.");
            if (Compile(rule.RemovedWhen, $"{field}.removed_when", out string removedWhen) is { } wrong)
                return wrong;
            rule.RemovedWhen = removedWhen;
        }

        if (action.Eligibility.Length == 0)
            return null;
        var refusal = Compile(action.Eligibility, "action.eligibility", out string eligibility);
        action.Eligibility = eligibility;
        return refusal;
    }

    private static EventRefusal? Compile(string text, string field, out string canonical)
    {
        var compiled = CompiledExpression.Compile(text, ExpressionUse.Decision, out var errors);
        canonical = compiled?.Text ?? string.Empty;
        return compiled is null ? new(TenantReasons.ExpressionInvalid, field, string.Join('\n', errors)) : null;
    }
}
