using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Tenants;

/// <summary>Hears of a changed configuration, so that the node works with it at once.</summary>
public interface IDefinitionsListener
{
    /// <summary>The configuration is durable.</summary>
    void Changed(TenantConfig config);
}

/// <summary>The one writer of a tenant's configuration.</summary>
public sealed class TenantGrain(IGrainContext context, IStateStore states, IDefinitionsListener listener) : ITenant, IGrainLifecycle
{
    /// <summary>Kind of the state that holds configurations.</summary>
    public const string StateKind = "tenant";

    private TenantConfig? _config;
    private string? _tag;

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(StateKind, context.Key, cancellationToken);
        _tag = row.Tag;
        _config = row.Exists ? TenantConfig.Parser.ParseFrom(row.Value.Span) : null;
    }

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public ValueTask<GetTenantConfigReply> GetConfig(GetTenantConfigRequest request, CancellationToken cancellationToken) =>
        new(new GetTenantConfigReply { Config = _config });

    /// <inheritdoc/>
    public async ValueTask<ChangeTenantReply> Change(ChangeTenantRequest request, CancellationToken cancellationToken)
    {
        var now = (context.Time.GetUtcNow().UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;
        var (config, refusal) = TenantChanges.Apply(_config, context.Key, request, now);
        if (config is null || refusal is not null)
        {
            return new ChangeTenantReply
            {
                RefusedReason = refusal!.Reason, RefusedField = refusal.Field, RefusedMessage = refusal.Message,
            };
        }

        var tag = await states.WriteAsync(StateKind, context.Key, config.ToByteArray(), _tag, cancellationToken);
        if (tag is null)
        {
            context.Abandon();
            throw new OwnershipLostException(context.Key);
        }

        _tag = tag;
        _config = config;
        listener.Changed(_config);
        return new ChangeTenantReply { Config = config };
    }
}

/// <summary>The one writer of the list of tenants.</summary>
public sealed class TenantDirectoryGrain(IGrainContext context, IStateStore states) : ITenantDirectory, IGrainLifecycle
{
    /// <summary>The directory's only key.</summary>
    public const string Key = "tenants";

    private const string StateKind = "tenant-directory";

    private TenantDirectory _directory = new();
    private string? _tag;

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(StateKind, context.Key, cancellationToken);
        _tag = row.Tag;
        if (row.Exists) _directory = TenantDirectory.Parser.ParseFrom(row.Value.Span);
    }

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public ValueTask<ListTenantIdsReply> List(ListTenantIdsRequest request, CancellationToken cancellationToken)
    {
        var reply = new ListTenantIdsReply();
        reply.Tenants.AddRange(_directory.Tenants);
        return new(reply);
    }

    /// <inheritdoc/>
    public async ValueTask<AddTenantIdReply> Add(AddTenantIdRequest request, CancellationToken cancellationToken)
    {
        if (_directory.Tenants.Contains(request.Tenant)) return new AddTenantIdReply();
        var directory = _directory.Clone();
        directory.Tenants.Add(request.Tenant);
        var tag = await states.WriteAsync(StateKind, context.Key, directory.ToByteArray(), _tag, cancellationToken);
        if (tag is null)
        {
            context.Abandon();
            throw new OwnershipLostException(context.Key);
        }

        _tag = tag;
        _directory = directory;
        return new AddTenantIdReply();
    }
}
