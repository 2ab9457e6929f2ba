using System.Collections.Frozen;
using Cdp.Grains.Ports;
using Cdp.Rpc;

namespace Cdp.Gateway.Keys;

/// <summary>
/// Lets web pages call that some tenant allows, since before a call nobody knows whose it will be, and read the answers to calls
/// with keys of a tenant that allows them.
/// </summary>
/// <remarks>
/// The origins of all tenants are remembered for ten seconds. One that is not among them has them read again, once a second
/// at most, whatever is asked.
/// </remarks>
public sealed class TenantOrigins(IGrains grains, IDefinitions definitions, TimeProvider time) : IOriginPolicy
{
    private static readonly TimeSpan LongestAge = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortestAge = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Task<Known>? _reading;
    private volatile Known? _known;

    /// <inheritdoc/>
    public async ValueTask<bool> MayCallAsync(string origin, CancellationToken cancellationToken)
    {
        if (Answer(origin) is { } answer) return answer;
        Task<Known> reading;
        lock (_lock)
        {
            // Whoever asks meanwhile waits for the same.
            if (_reading is not { IsCompleted: false }) _reading = ReadAsync();
            reading = _reading;
        }

        return (await reading.WaitAsync(cancellationToken)).Origins.Contains(origin);
    }

    /// <inheritdoc/>
    public bool MayRead(string origin, ServerCallContext call) => call.UserState is Caller caller && caller.Definitions.Config.Tenant.AllowedOrigins.Contains(origin);

    /// <summary>What is known of an origin; null: not enough.</summary>
    private bool? Answer(string origin)
    {
        if (_known is not { } known) return null;
        var allowed = known.Origins.Contains(origin);
        return time.GetElapsedTime(known.ReadAt) < (allowed ? LongestAge : ShortestAge) ? allowed : null;
    }

    private async Task<Known> ReadAsync()
    {
        var origins = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tenant in await TenantIds.AllAsync(grains, CancellationToken.None))
        {
            if (await definitions.GetAsync(tenant, CancellationToken.None) is { } found) origins.UnionWith(found.Config.Tenant.AllowedOrigins);
        }

        return _known = new Known(origins.ToFrozenSet(StringComparer.Ordinal), time.GetTimestamp());
    }

    private sealed record Known(FrozenSet<string> Origins, long ReadAt);
}
