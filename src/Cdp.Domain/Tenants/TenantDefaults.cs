using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Tenants;

/// <summary>What a tenant has before anybody configures it.</summary>
public static class TenantDefaults
{
    /// <summary>IANA name of the time zone of times without an offset.</summary>
    public const string TimeZone = "Etc/UTC";

    /// <summary>ISO 4217 code of amounts without a currency.</summary>
    public const string Currency = "EUR";

    /// <summary>ISO 3166-1 alpha-2 code of the country of national phone numbers.</summary>
    public const string Country = "DE";

    /// <summary>Longest pause within one session, in seconds.</summary>
    public const int SessionPauseSeconds = 1_800;

    /// <summary>Half-life of interest scores, in days.</summary>
    public const int InterestHalfLifeDays = 30;

    /// <summary>Days that the audit log is kept.</summary>
    public const int AuditDays = 400;

    /// <summary>Purpose of people who help a customer.</summary>
    public const string ServicePurpose = "service";

    /// <summary>Purpose of campaigns and personal offers.</summary>
    public const string MarketingPurpose = "marketing";

    /// <summary>Purpose of reports over many customers.</summary>
    public const string AnalyticsPurpose = "analytics";

    /// <summary>Fields of a read that names none, where its purpose names none either.</summary>
    public static IReadOnlyList<string> Fields { get; } = ["traits.*", "activity", "monetary", "sessions"];

    /// <summary>The configuration of a new tenant.</summary>
    /// <param name="tenantId">1 to 40 of [a-z0-9-].</param>
    /// <param name="identityKey">32 random bytes: the key of identifiers' hashes, made once.</param>
    /// <param name="identityKeyId">The key's id.</param>
    public static TenantConfig NewConfig(string tenantId, ReadOnlySpan<byte> identityKey, uint identityKeyId = 1) => new()
    {
        Tenant = new Tenant
        {
            Id = tenantId,
            DisplayName = tenantId,
            TimeZone = TimeZone,
            CurrencyCode = Currency,
            CountryCode = Country,
            SessionPauseSeconds = SessionPauseSeconds,
            InterestHalfLifeDays = InterestHalfLifeDays,
        },
        DefinitionsVersion = 1,
        Version = 1,
        Purposes =
        {
            new Purpose { Id = ServicePurpose, Description = "Helping the customer: advice, orders, complaints." },
            new Purpose { Id = MarketingPurpose, Description = "Campaigns and personal offers." },
            new Purpose { Id = AnalyticsPurpose, Description = "Reports and analysis over many customers." },
        },
        IdentityKey = ByteString.CopyFrom(identityKey),
        IdentityKeyId = identityKeyId,
    };
}
