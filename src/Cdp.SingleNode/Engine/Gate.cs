namespace Cdp.SingleNode.Engine;

/// <summary>
/// A lock of four bytes within its owner, for the few instructions that order a mailbox: there are as many as there are
/// live grains, and a lock object of its own would cost each of them 48 bytes and each call another cache line. Whoever
/// finds it taken spins, then yields its processor. Not reentrant; never copied.
/// </summary>
internal struct Gate
{
    private int _taken;

    /// <summary>Enters; the scope's end leaves.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    internal Scope EnterScope()
    {
        if (Interlocked.CompareExchange(ref _taken, 1, 0) != 0)
            Wait();
        return new Scope(ref _taken);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private void Wait()
    {
        var spin = default(SpinWait);
        do
        {
            // Yields at most: it is held for less than a millisecond, the shortest sleep.
            spin.SpinOnce(sleep1Threshold: -1);
        }
        while (Volatile.Read(ref _taken) != 0 || Interlocked.CompareExchange(ref _taken, 1, 0) != 0);
    }

    /// <summary>The time within a gate.</summary>
    internal readonly ref struct Scope
    {
        private readonly ref int _taken;

        internal Scope(ref int taken) => _taken = ref taken;

        public void Dispose() => Volatile.Write(ref _taken, 0);
    }
}
