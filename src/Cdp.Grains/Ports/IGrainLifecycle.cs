namespace Cdp.Grains.Ports;

/// <summary>Why an activation ends.</summary>
public enum DeactivationReason
{
    /// <summary>No call came for a while.</summary>
    Idle,

    /// <summary>The engine needs the memory.</summary>
    Memory,

    /// <summary>The process stops.</summary>
    Shutdown,
}

/// <summary>Implemented by grains that load before their first call or save after their last.</summary>
public interface IGrainLifecycle
{
    /// <summary>Runs before the first call. Throwing fails the calls that wait and drops the activation.</summary>
    ValueTask ActivateAsync(CancellationToken cancellationToken);

    /// <summary>Runs after the last call of an activation that ends in order; not after a crash or a drop.</summary>
    ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken);
}
