namespace Cdp.Grains.Ports;

/// <summary>
/// A timer of one activation, for its turns to start and to stop. It ends with the activation. Starting the same timer
/// again and again is cheaper than making new ones.
/// </summary>
public interface IGrainTimer
{
    /// <summary>Whether it was started and its callback has not begun since.</summary>
    bool IsStarted { get; }

    /// <summary>
    /// Runs the callback once, as a turn of the activation and never beside a call that does not interleave, when
    /// <paramref name="due"/> has passed; the engine's clock may be as coarse as a second. What it was started for before
    /// counts no more.
    /// </summary>
    void Start(TimeSpan due);

    /// <summary>Its callback does not run, unless it has begun.</summary>
    void Stop();
}
