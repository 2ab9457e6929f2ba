using System.Text;
using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Keys;
using Cdp.Grains.Erasures;
using Cdp.Grains.Refolds;
using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway.Admin;

/// <summary>Changes tenants' configurations, and turns refusals into errors.</summary>
public sealed class TenantEditor(GatewayPorts ports)
{
    private const int MostMessageBytes = 1_200;

    /// <summary>Deletes tenants.</summary>
    public TenantRemoval Removal { get; } = new(ports);

    /// <summary>Makes one change.</summary>
    /// <exception cref="RpcException">The change was refused.</exception>
    public async ValueTask<TenantConfig> ChangeAsync(string tenant, ChangeTenantRequest change, CancellationToken cancellationToken)
    {
        var config = await ApplyAsync(ports, tenant, change, cancellationToken);

        // Customers nobody touches get to the new definitions, too. Does nothing where the change is of another kind.
        await SweepAsync(tenant, cancellationToken);
        return config;
    }

    /// <summary>Makes one change for which nobody has to be visited.</summary>
    /// <exception cref="RpcException">The change was refused.</exception>
    internal static async ValueTask<TenantConfig> ApplyAsync(GatewayPorts ports, string tenant, ChangeTenantRequest change, CancellationToken cancellationToken)
    {
        var reply = await ports.Grains.Get<ITenant>(tenant).Change(change, cancellationToken);
        return reply.RefusedReason.Length == 0 ? reply.Config : throw Refused(new EventRefusal(reply.RefusedReason, reply.RefusedField, reply.RefusedMessage));
    }

    /// <summary>How far customers are brought to the newest definitions.</summary>
    public ValueTask<SweepReply> ProgressAsync(string tenant, CancellationToken cancellationToken) =>
        ports.Grains.Get<IRefoldSweep>(tenant).GetProgress(new SweepRequest(), cancellationToken);

    private ValueTask<SweepReply> SweepAsync(string tenant, CancellationToken cancellationToken) =>
        ports.Grains.Get<IRefoldSweep>(tenant).Sweep(new SweepRequest(), cancellationToken);

    /// <summary>Makes the tenant and the operator's key that a new installation starts with; again: changes nothing.</summary>
    /// <param name="operatorKey">The key's text; used only where there is none.</param>
    /// <param name="cancellationToken">Cancels the calls.</param>
    /// <returns>Whether the key was stored now.</returns>
    public async ValueTask<bool> BootstrapAsync(string operatorKey, CancellationToken cancellationToken)
    {
        var config = (await ports.Grains.Get<ITenant>(ApiKeys.OperatorTenant).GetConfig(new GetTenantConfigRequest(), cancellationToken)).Config;
        if (config is not null && config.Keys.Any(k => k.Operator)) return false;
        if (config is null) await CreateAsync(new Tenant { Id = ApiKeys.OperatorTenant, DisplayName = "Default" }, cancellationToken);
        var key = new StoredKey
        {
            Operator = true,
            SecretHash = ByteString.CopyFrom(ApiKeys.Hash(operatorKey)),
            Key = new Key { Id = ApiKeys.OperatorKeyId, Roles = { Role.Admin }, DefaultPurpose = TenantDefaults.ServicePurpose, Description = "The operator's key" },
        };
        await ChangeAsync(ApiKeys.OperatorTenant, new ChangeTenantRequest { AddKey = key }, cancellationToken);
        return true;
    }

    /// <summary>Goes on with what a stop interrupted: erasures, deletions of tenants; and brings customers to the fold of this binary where that is new.</summary>
    public async ValueTask ResumeAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in await TenantIds.AllAsync(ports.Grains, cancellationToken))
        {
            if (await ports.Definitions.GetAsync(tenant, cancellationToken) is not { } definitions) continue;
            if (definitions.IsDeleted)
            {
                Removal.Resume(definitions.Config);
                continue;
            }

            await ResumeErasuresAsync(tenant, cancellationToken);
            await SweepAsync(tenant, cancellationToken);
        }
    }

    private async ValueTask ResumeErasuresAsync(string tenant, CancellationToken cancellationToken)
    {
        try
        {
            await ports.Grains.Get<IErasure>(tenant).Resume(new ResumeErasuresRequest(), cancellationToken);
        }
        catch (TimeoutException)
        {
            // An engine gave the waiting up; the erasures go on.
        }
    }

    /// <summary>Makes a tenant or changes its settings.</summary>
    /// <exception cref="RpcException">The settings were refused; no tenant was made.</exception>
    public async ValueTask<TenantConfig> CreateAsync(Tenant tenant, CancellationToken cancellationToken)
    {
        var identityKey = ByteString.CopyFrom(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        var change = new ChangeTenantRequest { PutTenant = tenant, IdentityKey = identityKey };
        var known = await ports.Grains.Get<ITenant>(tenant.Id).GetConfig(new GetTenantConfigRequest(), cancellationToken);
        if (known.Config is null)
        {
            // The list comes first, so that no tenant is missing in it; and only what will be made comes into it.
            if (TenantChanges.Apply(null, tenant.Id, change, nowMicros: 0).Refusal is { } refusal) throw Refused(refusal);
            await ports.Grains.Get<ITenantDirectory>(TenantDirectoryGrain.Key).Add(new AddTenantIdRequest { Tenant = tenant.Id }, cancellationToken);
        }

        return await ChangeAsync(tenant.Id, change, cancellationToken);
    }

    /// <summary>The error of a change that was refused.</summary>
    public static RpcException Refused(EventRefusal refusal) => (refusal.Reason switch
    {
        TenantReasons.TenantUnknown or TenantReasons.KeyUnknown or TenantReasons.SegmentUnknown or TenantReasons.ActionUnknown => new RpcError(Code.NotFound, refusal.Message) { Reason = refusal.Reason },
        TenantReasons.KeyRevoked or TenantReasons.KeyExpired or TenantReasons.TenantDeleted => new RpcError(Code.FailedPrecondition, refusal.Message) { Reason = refusal.Reason },
        TenantReasons.EtagMismatch => new RpcError(Code.Aborted, refusal.Message) { Reason = refusal.Reason },
        TenantReasons.TooMany or TenantReasons.DefinitionsTooLarge => new RpcError(Code.ResourceExhausted, refusal.Message) { Reason = refusal.Reason },
        _ => RpcError.InvalidField(refusal.Field, Shortened(refusal.Message), refusal.Reason),
    }).ToException();

    /// <summary>A text that fits where it travels: it stands twice in headers, of which clients take a few KB.</summary>
    private static string Shortened(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) <= MostMessageBytes) return text;
        var (end, bytes) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MostMessageBytes) break;
            end += rune.Utf16SequenceLength;
        }

        var line = text.LastIndexOf('\n', end - 1);
        return $"{text[..(line > 0 ? line : end)]}\n…";
    }
}
