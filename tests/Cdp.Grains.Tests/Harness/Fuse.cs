namespace Cdp.Grains.Tests.Harness;

/// <summary>
/// A process that dies at a chosen write: the write reaches the store or does not, its caller never learns, and
/// nothing works until the next start.
/// </summary>
internal sealed class Fuse
{
    private int _left = int.MaxValue;
    private bool _reachesStore;

    /// <summary>Whether the process died.</summary>
    public bool Blown { get; private set; }

    /// <summary>Writes begun since the last start.</summary>
    public int Writes { get; private set; }

    /// <summary>Starts anew; the given write, counted from 1, is the last.</summary>
    public void Restart(int lastWrite = int.MaxValue, bool reachesStore = false)
    {
        (_left, _reachesStore, Blown, Writes) = (lastWrite, reachesStore, false, 0);
    }

    public void ThrowIfBlown()
    {
        if (Blown) throw new ProcessDiedException();
    }

    public async ValueTask<T> WriteAsync<T>(Func<ValueTask<T>> write)
    {
        ThrowIfBlown();
        Writes++;
        if (--_left > 0) return await write();
        Blown = true;
        if (_reachesStore) await write();
        throw new ProcessDiedException();
    }
}

/// <summary>The process under test is dead.</summary>
public sealed class ProcessDiedException : Exception;
