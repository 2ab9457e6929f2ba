using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Grains.Decisions;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Tenants;

/// <summary>Hears of a changed configuration, so that the node works with it at once.</summary>
public interface IDefinitionsListener
{
    /// <summary>The configuration is durable.</summary>
    void Changed(TenantConfig config);
}

/// <summary>The one writer of a tenant's configuration, and of the log of its actions and placements.</summary>
/// <remarks>The log follows the configuration by one change at most; who finds it behind brings it up before anything else.</remarks>
public sealed class TenantGrain(IGrainContext context, IStateStore states, IHistory history, IDefinitionsListener listener, IStepObserver steps) : ITenant, IGrainLifecycle
{
    /// <summary>Kind of the state that holds configurations.</summary>
    public const string StateKind = "tenant";

    private readonly GrainState<TenantConfig> _config = new(context, states, StateKind, TenantConfig.Parser);
    private readonly DefinitionLog _log = new(history, context.Key);

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        await _config.ReadAsync(cancellationToken);
        var logged = await _log.LengthAsync(cancellationToken);
        if (_config.Value is not { Tenant.Deletion: null } config || config.DecisionsVersion == logged) return;
        var before = await _log.ReadAsync(logged, cancellationToken) ?? throw new InvalidDataException($"The log of definitions of tenant {context.Key} cannot be read; restore it from a backup.");
        await AppendAsync(before, config);

        // Whoever made the change heard of an error, and the node of nothing.
        listener.Changed(config);
    }

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public ValueTask<GetTenantConfigReply> GetConfig(GetTenantConfigRequest request, CancellationToken cancellationToken) =>
        new(new GetTenantConfigReply { Config = _config.Value });

    /// <inheritdoc/>
    public async ValueTask<ReadDefinitionsReply> ReadDefinitions(ReadDefinitionsRequest request, CancellationToken cancellationToken) =>
        new() { Definitions = await _log.ReadAsync(request.Version, cancellationToken) };

    /// <inheritdoc/>
    public async ValueTask<ChangeTenantReply> Change(ChangeTenantRequest request, CancellationToken cancellationToken)
    {
        var (config, refusal) = TenantChanges.Apply(_config.Value, context.Key, request, UnixTime.Micros(context.Time.GetUtcNow()));
        if (config is null || refusal is not null)
        {
            return new ChangeTenantReply
            {
                RefusedReason = refusal!.Reason, RefusedField = refusal.Field, RefusedMessage = refusal.Message,
            };
        }

        var before = DecisionHistory.Of(_config.Value ?? new TenantConfig());
        await _config.WriteAsync(config, cancellationToken);
        if (config.Tenant.Deletion is null) await AppendAsync(before, config);
        listener.Changed(config);
        return new ChangeTenantReply { Config = config };
    }

    private async ValueTask AppendAsync(DecisionDefinitions before, TenantConfig config)
    {
        if (DecisionHistory.Between(before, DecisionHistory.Of(config)) is not { } change) return;
        steps.Reached(RecoverySteps.DefinitionsWritten);
        try
        {
            if (!await _log.AppendAsync(change)) throw new OwnershipLostException(context.Key);
        }
        catch (Exception)
        {
            // The next activation appends it.
            context.Abandon();
            throw;
        }
    }
}

/// <summary>The one writer of the list of tenants.</summary>
public sealed class TenantDirectoryGrain(IGrainContext context, IStateStore states) : ITenantDirectory, IGrainLifecycle
{
    /// <summary>The directory's only key.</summary>
    public const string Key = "tenants";

    /// <summary>Kind of the state that holds the list.</summary>
    public const string StateKind = "tenant-directory";

    private readonly GrainState<TenantDirectory> _directory = new(context, states, StateKind, TenantDirectory.Parser);

    /// <inheritdoc/>
    public ValueTask ActivateAsync(CancellationToken cancellationToken) => _directory.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public ValueTask<ListTenantIdsReply> List(ListTenantIdsRequest request, CancellationToken cancellationToken)
    {
        var reply = new ListTenantIdsReply();
        if (_directory.Value is { } directory) reply.Tenants.AddRange(directory.Tenants);
        return new(reply);
    }

    /// <inheritdoc/>
    public async ValueTask<AddTenantIdReply> Add(AddTenantIdRequest request, CancellationToken cancellationToken)
    {
        var directory = _directory.Value?.Clone() ?? new TenantDirectory();
        if (directory.Tenants.Contains(request.Tenant)) return new AddTenantIdReply();
        directory.Tenants.Add(request.Tenant);
        await _directory.WriteAsync(directory, cancellationToken);
        return new AddTenantIdReply();
    }

    /// <inheritdoc/>
    public async ValueTask<RemoveTenantIdReply> Remove(RemoveTenantIdRequest request, CancellationToken cancellationToken)
    {
        var directory = _directory.Value?.Clone() ?? new TenantDirectory();
        if (directory.Tenants.Remove(request.Tenant)) await _directory.WriteAsync(directory, cancellationToken);
        return new RemoveTenantIdReply();
    }
}
