using Cdp.Grains.Ports;

namespace Cdp.Grains.Refolds;

/// <summary>
/// How long a sweep works before it rests. While it rests, only others use the node: what they leave over then is what it
/// may take next. A busy node gives it a fifth of the time at most, one at rest three quarters.
/// </summary>
internal sealed class Spare(INodeLoad load, TimeProvider time)
{
    /// <summary>Of the node's processors, what others may use at most for it to count as at rest.</summary>
    private const double BusyShare = 0.25;

    // Of less, CPU time says little.
    private static readonly TimeSpan Telling = TimeSpan.FromMilliseconds(100);

    private TimeSpan _used;
    private long _since;
    private bool _isBusy = true;

    /// <summary>How long to work now.</summary>
    public TimeSpan Work => TimeSpan.FromMilliseconds(_isBusy ? 250 : 750);

    /// <summary>How long to rest afterwards.</summary>
    public TimeSpan Rest => TimeSpan.FromMilliseconds(_isBusy ? 1_000 : 250);

    /// <summary>The sweep begins to rest.</summary>
    public void BeginRest() => (_used, _since) = (load.Used, time.GetTimestamp());

    /// <summary>The sweep has rested.</summary>
    public void EndRest()
    {
        var elapsed = time.GetElapsedTime(_since);
        if (elapsed >= Telling) _isBusy = load.Used - _used > elapsed * load.Processors * BusyShare;
    }
}
