namespace Cdp.Grains.Identities;

/// <summary>Counts calls, so that rows which a call under way loaded are still there when it decides.</summary>
internal sealed class UseClock
{
    private readonly SortedSet<long> _underWay = [];

    /// <summary>Number of the newest call.</summary>
    public long Now { get; private set; }

    /// <summary>Number of the oldest call under way; rows used since then are kept.</summary>
    public long Oldest => _underWay.Count == 0 ? long.MaxValue : _underWay.Min;

    /// <summary>Begins a call.</summary>
    public Use Begin()
    {
        _underWay.Add(++Now);
        return new Use(this, Now);
    }

    /// <summary>A call under way; disposing ends it.</summary>
    internal readonly struct Use(UseClock clock, long number) : IDisposable
    {
        public void Dispose() => clock._underWay.Remove(number);
    }
}
