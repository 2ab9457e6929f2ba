namespace Cdp.Grains.Ports;

/// <summary>What an engine gives to one activation of a grain.</summary>
public interface IGrainContext
{
    /// <summary>The grain's key.</summary>
    string Key { get; }

    /// <summary>Time; the only clock a grain may read.</summary>
    TimeProvider Time { get; }

    /// <summary>Reaches other grains, within the one-way rules of the caller's kind.</summary>
    IGrains Grains { get; }

    /// <summary>Makes a timer, which is not started yet.</summary>
    IGrainTimer CreateTimer(Func<CancellationToken, ValueTask> callback);

    /// <summary>
    /// Drops this activation without calling <see cref="IGrainLifecycle.DeactivateAsync"/>: its memory can no longer be
    /// trusted (a fence failed). Calls that wait are served by a new activation. May be called on any thread.
    /// </summary>
    void Abandon();
}
