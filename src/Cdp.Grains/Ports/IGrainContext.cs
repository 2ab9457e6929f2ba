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

    /// <summary>
    /// Runs <paramref name="callback"/> once, as a turn of this activation and never beside a call that does not
    /// interleave, about <paramref name="due"/> from now (resolution one second). Disposing cancels it; deactivation
    /// does too.
    /// </summary>
    IDisposable StartTimer(TimeSpan due, Func<CancellationToken, ValueTask> callback);

    /// <summary>
    /// Drops this activation without calling <see cref="IGrainLifecycle.DeactivateAsync"/>: its memory can no longer be
    /// trusted (a fence failed). Calls that wait are served by a new activation.
    /// </summary>
    void Abandon();
}
