using System.Collections.Concurrent;
using System.Collections.Frozen;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.Grains.Tenants;
using Cdp.State.V1;

namespace Cdp.Grains.Hosting;

/// <summary>The process's compiled definitions: read once from the store, replaced when a tenant grain changes them.</summary>
public sealed class DefinitionsCache(IStateStore states) : IDefinitions, IDefinitionsListener
{
    private readonly ConcurrentDictionary<string, Definitions> _definitions = new(StringComparer.Ordinal);
    private readonly Lock _sealing = new();

    /// <summary>Tenants that are sealed; null: none, which is the usual.</summary>
    private volatile FrozenSet<string>? _sealed;

    /// <summary>The tenants whose definitions it has, and that are not being deleted.</summary>
    public IReadOnlyList<string> Tenants => [.. _definitions.Where(known => !known.Value.IsDeleted).Select(known => known.Key)];

    /// <inheritdoc/>
    public Definitions? Find(string tenant) => _definitions.GetValueOrDefault(tenant);

    /// <inheritdoc/>
    public ValueTask<Definitions?> GetAsync(string tenant, CancellationToken cancellationToken) =>
        _definitions.TryGetValue(tenant, out var known) ? new(known) : LoadAsync(tenant, cancellationToken);

    /// <inheritdoc/>
    public void Changed(TenantConfig config)
    {
        var changed = new Definitions(config, Find(config.Tenant.Id));
        _definitions.AddOrUpdate(config.Tenant.Id, changed, (_, known) => known.Config.Version >= config.Version ? known : changed);
        if (config.Sealed && !IsSealed(config.Tenant.Id)) Seal(config.Tenant.Id);
    }

    /// <inheritdoc/>
    public bool IsSealed(ReadOnlySpan<char> key)
    {
        if (_sealed is not { } known) return false;
        var slash = key.IndexOf('/');
        return known.GetAlternateLookup<ReadOnlySpan<char>>().Contains(slash < 0 ? key : key[..slash]);
    }

    /// <summary>Reads the configurations again that are cached, in case somebody else changed one.</summary>
    /// <returns>Tenants whose configuration had changed without this process being told.</returns>
    public async ValueTask<IReadOnlyList<string>> RefreshAsync(CancellationToken cancellationToken)
    {
        string[] tenants = [.. _definitions.Keys];
        var missed = new List<string>();
        foreach (var row in await states.ReadManyAsync(TenantGrain.StateKind, tenants, cancellationToken))
        {
            if (!row.Exists || TenantConfig.Parser.ParseFrom(row.Value.Span) is not { } config || config.Version <= Find(config.Tenant.Id)?.Config.Version) continue;
            Changed(config);
            missed.Add(config.Tenant.Id);
        }

        return missed;
    }

    private void Seal(string tenant)
    {
        lock (_sealing) _sealed = (_sealed ?? []).Append(tenant).ToFrozenSet(StringComparer.Ordinal);
    }

    private async ValueTask<Definitions?> LoadAsync(string tenant, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(TenantGrain.StateKind, tenant, cancellationToken);
        if (!row.Exists) return null;
        Changed(TenantConfig.Parser.ParseFrom(row.Value.Span));
        return _definitions[tenant];
    }
}
