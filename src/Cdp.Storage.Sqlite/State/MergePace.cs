using System.Diagnostics;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Leaves the processor to calls while nobody waits for a merge: it works for a millisecond and rests for three, so long as
/// it will be done well before the memtable that fills meanwhile is full.
/// </summary>
/// <param name="filled">How full that memtable is: 1 when it is full.</param>
/// <param name="rest">Rests for a time, less where somebody waits.</param>
internal sealed class MergePace(Func<double> filled, Action<TimeSpan> rest)
{
    /// <summary>How full the other memtable may be when the merge is done.</summary>
    private const double Due = 0.5;

    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(3);

    private int _rows;
    private int _all;
    private long _since;

    /// <summary>Begins a merge.</summary>
    /// <param name="rows">About how many rows it has.</param>
    public void Begin(int rows) => (_rows, _all, _since) = (0, Math.Max(rows, 1), Stopwatch.GetTimestamp());

    /// <summary>Whether it will be done well before the other memtable is full.</summary>
    public bool IsAhead => filled() < Due * _rows / _all;

    /// <summary>Called before each row.</summary>
    public void Next()
    {
        _rows++;
        if (Stopwatch.GetElapsedTime(_since) < Work) return;
        if (IsAhead) rest(Rest);
        _since = Stopwatch.GetTimestamp();
    }
}
