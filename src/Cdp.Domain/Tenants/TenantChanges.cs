using System.Globalization;
using Cdp.Domain.Consent;
using Cdp.Domain.Events;
using Cdp.Domain.Identity;
using Cdp.Domain.Schemas;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Tenants;

/// <summary>Stable reasons of refused changes of a tenant's configuration.</summary>
public static class TenantReasons
{
    /// <summary>The tenant does not exist.</summary>
    public const string TenantUnknown = "TENANT_UNKNOWN";

    /// <summary>The tenant was deleted, or is being deleted; its id is not used again.</summary>
    public const string TenantDeleted = "TENANT_DELETED";

    /// <summary>What is put was changed since it was read.</summary>
    public const string EtagMismatch = "ETAG_MISMATCH";

    /// <summary>A field's value is not allowed.</summary>
    public const string FieldInvalid = "FIELD_INVALID";

    /// <summary>An origin of web pages is none.</summary>
    public const string OriginInvalid = "ORIGIN_INVALID";

    /// <summary>The purpose is not declared.</summary>
    public const string PurposeUndeclared = "PURPOSE_UNDECLARED";

    /// <summary>The key does not exist.</summary>
    public const string KeyUnknown = "KEY_UNKNOWN";

    /// <summary>The key was revoked.</summary>
    public const string KeyRevoked = "KEY_REVOKED";

    /// <summary>The key, or its former secret, has come to its end.</summary>
    public const string KeyExpired = "KEY_EXPIRED";

    /// <summary>The segment does not exist.</summary>
    public const string SegmentUnknown = "SEGMENT_UNKNOWN";

    /// <summary>The action does not exist.</summary>
    public const string ActionUnknown = "ACTION_UNKNOWN";

    /// <summary>The placement does not exist.</summary>
    public const string PlacementUnknown = "PLACEMENT_UNKNOWN";

    /// <summary>All actions and placements of the tenant take too many bytes together.</summary>
    public const string DefinitionsTooLarge = "DEFINITIONS_TOO_LARGE";

    /// <summary>A condition does not compile.</summary>
    public const string ExpressionInvalid = "EXPRESSION_INVALID";

    /// <summary>There are too many entries of this kind.</summary>
    public const string TooMany = "TOO_MANY";
}

/// <summary>Applies one change to a configuration: pure, total, and versioned.</summary>
public static class TenantChanges
{
    /// <summary>Most entries of each kind (event types, namespaces, purposes, policies, keys) in one tenant.</summary>
    public const int MaxEntries = 2_000;

    private const int MaxIssuers = 20;
    private const int MaxIssuerLength = 512;

    /// <summary>The configuration after a change, or why there is none.</summary>
    /// <param name="config">The configuration before; null: the tenant does not exist yet.</param>
    /// <param name="tenant">The tenant's id.</param>
    /// <param name="request">The change.</param>
    /// <param name="nowMicros">Microseconds since the epoch, UTC.</param>
    public static (TenantConfig? Config, EventRefusal? Refusal) Apply(
        TenantConfig? config, string tenant, ChangeTenantRequest request, long nowMicros)
    {
        if (config is null)
        {
            if (request.ChangeCase != ChangeTenantRequest.ChangeOneofCase.PutTenant)
                return (null, new(TenantReasons.TenantUnknown, "", $"Tenant '{tenant}' does not exist. Make it with PutTenant."));
            config = TenantDefaults.NewConfig(tenant, request.IdentityKey.Span);
        }
        else
        {
            config = config.Clone();
        }

        if (TenantDeletions.Refusal(config, request.ChangeCase) is { } deleted) return (null, deleted);
        config.Version++;
        var refusal = request.ChangeCase switch
        {
            ChangeTenantRequest.ChangeOneofCase.PutTenant => Put(config, request.PutTenant),
            ChangeTenantRequest.ChangeOneofCase.PutNamespace => Put(config, request.PutNamespace),
            ChangeTenantRequest.ChangeOneofCase.PutEventType => Put(config, request.PutEventType),
            ChangeTenantRequest.ChangeOneofCase.PutPurpose => Put(config, request.PutPurpose),
            ChangeTenantRequest.ChangeOneofCase.PutFieldPolicy => Put(config, request.PutFieldPolicy),
            ChangeTenantRequest.ChangeOneofCase.PutSegment => SegmentChanges.Put(config, request.PutSegment, nowMicros),
            ChangeTenantRequest.ChangeOneofCase.DeleteSegment => SegmentChanges.Delete(config, request.DeleteSegment),
            ChangeTenantRequest.ChangeOneofCase.PutAction => ActionChanges.Put(config, request.PutAction, nowMicros),
            ChangeTenantRequest.ChangeOneofCase.DeleteAction => ActionChanges.Delete(config, request.DeleteAction),
            ChangeTenantRequest.ChangeOneofCase.PutPlacement => PlacementChanges.Put(config, request.PutPlacement, nowMicros),
            ChangeTenantRequest.ChangeOneofCase.AddKey => KeyChanges.Add(config, request.AddKey, nowMicros),
            ChangeTenantRequest.ChangeOneofCase.RevokeKey => KeyChanges.Revoke(config, request.RevokeKey, nowMicros),
            ChangeTenantRequest.ChangeOneofCase.RotateKey => KeyChanges.Rotate(config, request.RotateKey, nowMicros),
            ChangeTenantRequest.ChangeOneofCase.BeginDeletion => TenantDeletions.Begin(config, request.BeginDeletion, nowMicros),
            ChangeTenantRequest.ChangeOneofCase.Seal => TenantDeletions.Seal(config),
            ChangeTenantRequest.ChangeOneofCase.EndDeletion => TenantDeletions.End(config, request.EndDeletion, nowMicros),
            _ => Invalid("change", "Name a change."),
        };
        return refusal is null ? (config, null) : (null, refusal);
    }

    private static EventRefusal? Put(TenantConfig config, Tenant tenant)
    {
        if (CheckEtag(tenant.Etag, config.Tenant.Etag) is { } stale) return stale;
        if (tenant.CurrencyCode.Length > 0 && !Currencies.IsCode(tenant.CurrencyCode))
            return Invalid("tenant.currency_code", "Give an ISO 4217 code of three capital letters, e.g. \"EUR\".");
        if (tenant.CountryCode.Length > 0 && !(tenant.CountryCode.Length == 2 && tenant.CountryCode.All(char.IsAsciiLetterUpper)))
            return Invalid("tenant.country_code", "Give an ISO 3166-1 alpha-2 code of two capital letters, e.g. \"DE\".");
        if (tenant.SessionPauseSeconds is not 0 and (< 60 or > 86_400))
            return Invalid("tenant.session_pause_seconds", "Give 60 to 86,400 seconds, or 0 for the default.");
        if (tenant.InterestHalfLifeDays is not 0 and (< 1 or > 3_650))
            return Invalid("tenant.interest_half_life_days", "Give 1 to 3,650 days, or 0 for the default.");
        if (tenant.AuditDays is < 0 or > 3_650)
            return Invalid("tenant.audit_days", "Give 1 to 3,650 days, or 0 for the default.");
        if (tenant.EventDays is < 0 or > EventRetention.MaxDays)
            return Invalid("tenant.event_days", "Give 1 to 36,500 days, or 0 to keep events for good.");
        if (Origins.Check(tenant.AllowedOrigins) is { } wrong) return wrong;
        if (CheckIssuers(tenant.JwtIssuers) is { } unclear) return unclear;
        if (tenant.DisplayName.Length > 200) return Invalid("tenant.display_name", "Give at most 200 characters.");
        var before = new Definitions(config);
        var put = tenant.Clone();
        string currency = put.CurrencyCode.Length == 0 ? TenantDefaults.Currency : put.CurrencyCode;
        if (currency != before.CurrencyCode && config.Actions.Count + config.Placements.Count > 0)
            return Invalid("tenant.currency_code", $"Actions and what is learned of them count in {before.CurrencyCode}. Keep it, or make another tenant.");
        put.Id = config.Tenant.Id;
        put.Deletion = null;
        put.Etag = Etag(config);
        if (config.Tenant.EventDays != put.EventDays) config.RetentionVersion++;
        config.Tenant = put;
        var after = new Definitions(config);
        if (before.CurrencyCode != after.CurrencyCode || before.SessionPauseMicros != after.SessionPauseMicros
            || before.InterestHalfLifeMicros != after.InterestHalfLifeMicros)
            config.DefinitionsVersion++;
        return null;
    }

    private static EventRefusal? CheckIssuers(RepeatedField<string> issuers)
    {
        if (issuers.Count > MaxIssuers) return new(TenantReasons.TooMany, "tenant.jwt_issuers", $"Give at most {MaxIssuers} issuers.");
        for (var i = 0; i < issuers.Count; i++)
        {
            if (issuers[i].Length is 0 or > MaxIssuerLength || issuers.Take(i).Contains(issuers[i], StringComparer.Ordinal))
                return Invalid(string.Create(CultureInfo.InvariantCulture, $"tenant.jwt_issuers[{i}]"), $"Give each issuer once, as `iss` spells it, at most {MaxIssuerLength} characters.");
        }

        return null;
    }

    private static EventRefusal? Put(TenantConfig config, Namespace declared)
    {
        if (!IdentifierNormalizer.IsNamespace(declared.Name))
            return Invalid("namespace.name", "Give 1 to 64 of a-z, 0-9, '_', '.', '-'.");
        if (declared.MaxPerCustomer < -1) return Invalid("namespace.max_per_customer", "Give a number from 1, 0 for the kind's default, or -1 for no limit.");
        if (declared.Priority is < 0 or > 1_000_000) return Invalid("namespace.priority", "Give 1 to 1,000,000, or 0 for the kind's default.");
        if (!Enum.IsDefined(declared.Kind)) return Invalid("namespace.kind", "Give PERSON, CONTACT, DEVICE or REFERENCE.");
        if (!Enum.IsDefined(declared.Normalization)) return Invalid("namespace.normalization", "Give TRIM, LOWER, EMAIL or PHONE.");
        if (declared.BlockedValues.Count > 10_000) return Invalid("namespace.blocked_values", "Give at most 10,000 values.");
        return Put(config, config.Namespaces, declared.Clone(), n => n.Name, n => n.Etag, (n, etag) => n.Etag = etag);
    }

    private static EventRefusal? Put(TenantConfig config, EventType type)
    {
        if (type.Name.Length is 0 or > EventLimits.MaxTypeLength)
            return Invalid("event_type.name", $"Give 1 to {EventLimits.MaxTypeLength} characters.");
        if (EventValidator.IsReserved(type.Name))
            return Invalid("event_type.name", "Types that begin with \"cdp.\" belong to the platform; take another name.");
        if (!Enum.IsDefined(type.Role)) return Invalid("event_type.role", "Give ORDER, REFUND, VIEW, INTERACTION, CONTACT or NONE.");
        if (type.InterestWeight is < -1 or > EventMeaning.MaxInterestWeight)
            return Invalid("event_type.interest_weight", "Give 1 to 1,000, 0 for the role's default, or -1 for none.");
        foreach (var (field, path) in new[]
        {
            ("value_path", type.ValuePath), ("currency_path", type.CurrencyPath), ("order_id_path", type.OrderIdPath),
            ("items_path", type.ItemsPath), ("category_path", type.CategoryPath),
        })
        {
            if (path.Length > 256 || path.Split('.').Any(part => part.Length == 0) && path.Length > 0)
                return Invalid($"event_type.{field}", "Give a dotted path of names below properties, e.g. \"cart.total\", at most 256 characters.");
        }

        if (type.Purpose.Length > 0 && Undeclared(config, type.Purpose, "event_type.purpose") is { } undeclared)
            return undeclared;
        if (type.EventDays is < EventRetention.ForGood or > EventRetention.MaxDays)
            return Invalid("event_type.event_days", "Give 1 to 36,500 days, 0 for the tenant's, or -1 to keep such events for good.");
        if (!Enum.IsDefined(type.SchemaMode)) return Invalid("event_type.schema_mode", "Give OFF, WARN or REJECT.");
        if (type.Schema.Length > 0 && EventSchema.Parse(type.Schema, out var error) is null)
            return new("SCHEMA_INVALID", "event_type.schema", error!.Pointer.Length > 0 ? $"At {error.Pointer}: {error.Message}" : error.Message);
        var before = config.EventTypes.LastOrDefault(t => t.Name == type.Name);
        if (Put(config, config.EventTypes, type.Clone(), t => t.Name, t => t.Etag, (t, etag) => t.Etag = etag) is { } refusal) return refusal;

        // What is only asked at the door changes no customer.
        if (before is null || !Folded(before).Equals(Folded(type))) config.DefinitionsVersion++;
        if ((before?.EventDays ?? 0) != type.EventDays) config.RetentionVersion++;
        return null;
    }

    /// <summary>What the fold takes of a type.</summary>
    private static EventType Folded(EventType type) => new(type) { Etag = "", Purpose = "", Schema = "", SchemaMode = SchemaMode.Unspecified, EventDays = 0 };

    private static EventRefusal? Put(TenantConfig config, Purpose purpose)
    {
        if (!IdentifierNormalizer.IsNamespace(purpose.Id)) return Invalid("purpose.id", "Give 1 to 64 of a-z, 0-9, '_', '.', '-'.");
        for (var i = 0; i < purpose.DefaultFields.Count; i++)
        {
            if (!ProfileFields.IsValid(purpose.DefaultFields[i]))
                return Invalid(string.Create(CultureInfo.InvariantCulture, $"purpose.default_fields[{i}]"), $"Give one of: {ProfileFields.Valid}.");
        }

        if (CheckConsent(purpose) is { } wrong) return wrong;
        var before = config.Purposes.LastOrDefault(p => p.Id == purpose.Id);
        if (Put(config, config.Purposes, purpose.Clone(), p => p.Id, p => p.Etag, (p, etag) => p.Etag = etag) is { } refusal) return refusal;

        // Who is in a segment that serves it follows from its rule.
        if (before is not null && PurposeRule.Of(before) != PurposeRule.Of(purpose) && config.Segments.Any(s => s.Segment.Purpose == purpose.Id))
            config.SegmentsVersion++;
        return null;
    }

    private static EventRefusal? CheckConsent(Purpose purpose)
    {
        if (purpose.Description.Length > 2_000) return Invalid("purpose.description", "Give at most 2,000 characters.");
        if (!Enum.IsDefined(purpose.LawfulBasis))
            return Invalid("purpose.lawful_basis", "Give CONSENT, CONTRACT, LEGAL_OBLIGATION, VITAL_INTERESTS, PUBLIC_TASK or LEGITIMATE_INTERESTS.");
        if (purpose.LawfulBasis == LawfulBasis.Consent && !purpose.NeedsConsent)
            return Invalid("purpose.needs_consent", "What stands on consent needs it: set it to true, or give another lawful_basis.");
        if (PurposeRule.MayBeRefusedUnder(purpose.LawfulBasis)) return null;
        return purpose.NeedsConsent ? Invalid("purpose.needs_consent", "What stands on a contract, the law or vital interests is done without consent: leave it out, or give another lawful_basis.")
            : purpose.RefusedByGpc ? Invalid("purpose.refused_by_gpc", "What stands on a contract, the law or vital interests cannot be refused: leave it out, or give another lawful_basis.")
            : null;
    }

    /// <summary>What is wrong with a purpose that is not declared; else null.</summary>
    internal static EventRefusal? Undeclared(TenantConfig config, string purpose, string field) => config.Purposes.Any(p => p.Id == purpose)
        ? null
        : new(
            TenantReasons.PurposeUndeclared, field,
            $"Declare the purpose with PutPurpose first, or give one of: {string.Join(", ", config.Purposes.Select(p => p.Id))}.");

    private static EventRefusal? Put(TenantConfig config, FieldPolicy policy)
    {
        if (!ProfileFields.IsValidOfPolicies(policy.Field)) return Invalid("field_policy.field", $"Give one of: {ProfileFields.ValidOfPolicies}.");
        for (var i = 0; i < policy.Purposes.Count; i++)
        {
            if (Undeclared(config, policy.Purposes[i], string.Create(CultureInfo.InvariantCulture, $"field_policy.purposes[{i}]")) is { } undeclared)
                return undeclared;
        }

        return Put(config, config.FieldPolicies, policy.Clone(), p => p.Field, p => p.Etag, (p, etag) => p.Etag = etag);
    }

    private static EventRefusal? Put<T>(
        TenantConfig config, RepeatedField<T> list, T item, Func<T, string> id, Func<T, string> etag, Action<T, string> setEtag)
    {
        var index = 0;
        while (index < list.Count && id(list[index]) != id(item)) index++;
        if (CheckEtag(etag(item), index < list.Count ? etag(list[index]) : "") is { } stale) return stale;
        setEtag(item, Etag(config));
        if (index < list.Count) list[index] = item;
        else if (list.Count < MaxEntries) list.Add(item);
        else return new(TenantReasons.TooMany, "", $"A tenant has at most {MaxEntries} of these.");
        return null;
    }

    internal static EventRefusal? CheckEtag(string given, string current) => given.Length == 0 || given == current
        ? null
        : new(TenantReasons.EtagMismatch, "etag", "It was changed since you read it. Read it again and put your change on top, or leave etag empty to overwrite.");

    internal static string CurrencyOf(TenantConfig config) =>
        config.Tenant.CurrencyCode.Length == 0 ? TenantDefaults.Currency : config.Tenant.CurrencyCode;

    internal static string Etag(TenantConfig config) => config.Version.ToString("x", CultureInfo.InvariantCulture);

    internal static EventRefusal Invalid(string field, string remedy) => new(TenantReasons.FieldInvalid, field, remedy);
}
