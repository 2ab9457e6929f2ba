using Cdp.Domain.Events;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tenants;

/// <summary>
/// The steps of a tenant's deletion, each of which may be taken again. Nobody is let in from the first on; from the second on
/// nothing is written, and what is left of the configuration says that there was such a tenant, so that its id is not used again;
/// the last says that everything else is gone.
/// </summary>
internal static class TenantDeletions
{
    /// <summary>Why a change cannot be made of a tenant that is being deleted; null: it can.</summary>
    public static EventRefusal? Refusal(TenantConfig config, ChangeTenantRequest.ChangeOneofCase change) =>
        config.Tenant.Deletion is null || change is ChangeTenantRequest.ChangeOneofCase.BeginDeletion or ChangeTenantRequest.ChangeOneofCase.Seal or ChangeTenantRequest.ChangeOneofCase.EndDeletion
            ? null
            : new(TenantReasons.TenantDeleted, "", $"Tenant '{config.Tenant.Id}' was deleted, and its id is not used again. Make a tenant with another id.");

    /// <summary>Takes its keys and its issuers away.</summary>
    public static EventRefusal? Begin(TenantConfig config, BeginTenantDeletion begin, long nowMicros)
    {
        if (config.Tenant.Deletion is not null) return null;
        config.Tenant.Deletion = new TenantDeletion { TenantId = config.Tenant.Id, RequestedAt = new Timestamp { UnixMicros = nowMicros }, RequestedBy = begin.RequestedBy };
        config.Keys.Clear();
        config.Tenant.JwtIssuers.Clear();
        config.Tenant.AllowedOrigins.Clear();
        return null;
    }

    /// <summary>Lets nothing be written any more, and leaves nothing of the configuration but the deletion.</summary>
    public static EventRefusal? Seal(TenantConfig config)
    {
        if (config.Tenant.Deletion is null) return TenantChanges.Invalid("seal", "Begin the deletion first.");
        var left = new TenantConfig { Tenant = new Tenant { Id = config.Tenant.Id, Deletion = config.Tenant.Deletion }, Version = config.Version, Sealed = true };

        // The configuration is the caller's own copy.
        foreach (var field in TenantConfig.Descriptor.Fields.InFieldNumberOrder()) field.Accessor.Clear(config);
        config.MergeFrom(left);
        return null;
    }

    /// <summary>Says what went, and when.</summary>
    public static EventRefusal? End(TenantConfig config, EndTenantDeletion end, long nowMicros)
    {
        if (!config.Sealed) return TenantChanges.Invalid("end_deletion", "Seal the tenant first.");
        if (config.Tenant.Deletion.EndedAt is not null) return null;
        config.Tenant.Deletion.EndedAt = new Timestamp { UnixMicros = nowMicros };
        config.Tenant.Deletion.Places.Add(end.Places);
        return null;
    }
}
