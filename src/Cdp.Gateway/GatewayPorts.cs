using Cdp.Domain.Events;
using Cdp.Gateway.Operations;
using Cdp.Grains.Ports;

namespace Cdp.Gateway;

/// <summary>What the gateway stands on.</summary>
/// <param name="Grains">The engine.</param>
/// <param name="Log">The way into the log.</param>
/// <param name="Definitions">The tenants' definitions.</param>
/// <param name="Time">The clock that stamps <c>received_at</c>.</param>
/// <param name="Steps">Hears of recovery steps.</param>
public sealed record GatewayPorts(IGrains Grains, IEventAppender Log, IDefinitions Definitions, TimeProvider Time, IStepObserver Steps)
{
    /// <summary>Whether the audit log has reads of persons as well as acts.</summary>
    public bool AuditReads { get; init; } = true;

    /// <summary>What is kept of tenants; null: the store cannot list it.</summary>
    public ITenantStore? Tenants { get; init; }

    /// <summary>Where erasures are noted for whoever restores a backup; null: nowhere.</summary>
    public IErasureLedger? Erasures { get; init; }

    /// <summary>After how long every process has certainly heard of a changed configuration.</summary>
    public TimeSpan NewsDelay { get; init; }

    /// <summary>Makes backups; null: the store has means of its own.</summary>
    public IBackups? Backups { get; init; }

    /// <summary>What the process knows of itself; null: nothing.</summary>
    public IServerFacts? Facts { get; init; }

    /// <summary>Now, in microseconds since the epoch.</summary>
    public long NowMicros => UnixTime.Micros(Time.GetUtcNow());
}
