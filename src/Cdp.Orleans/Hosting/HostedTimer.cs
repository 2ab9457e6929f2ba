namespace Cdp.Orleans.Hosting;

/// <summary>A timer that fires once each time it is started.</summary>
internal sealed class HostedTimer : Cdp.Grains.Ports.IGrainTimer, IDisposable
{
    private readonly TimeProvider _time;
    private readonly IGrainTimer _timer;
    private DateTimeOffset _due;

    /// <summary>Makes a timer that is not started; within a turn of the grain.</summary>
    /// <param name="grain">The activation.</param>
    /// <param name="time">The clock.</param>
    /// <param name="fired">Waits for its turn, asks <see cref="Begins"/>, and does what is due.</param>
    public HostedTimer(IGrainBase grain, TimeProvider time, Func<HostedTimer, CancellationToken, Task> fired)
    {
        _time = time;
        _timer = grain.RegisterGrainTimer(
            token => fired(this, token), new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true });
    }

    /// <inheritdoc/>
    public bool IsStarted { get; private set; }

    /// <inheritdoc/>
    public void Start(TimeSpan due)
    {
        IsStarted = true;
        _due = _time.GetUtcNow() + due;
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public void Stop()
    {
        IsStarted = false;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Whether what is due may begin now: it was not stopped, nor put off, while it waited for its turn. In the latter case
    /// it fires again.
    /// </summary>
    public bool Begins()
    {
        if (!IsStarted) return false;
        if (_time.GetUtcNow() is var now && now < _due)
        {
            // Orleans forgets a change that is made while a tick waits to be delivered.
            _timer.Change(_due - now, Timeout.InfiniteTimeSpan);
            return false;
        }

        IsStarted = false;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();
}
