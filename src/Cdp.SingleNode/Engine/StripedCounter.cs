namespace Cdp.SingleNode.Engine;

/// <summary>A counter whose writers on different processors do not share a cache line.</summary>
internal sealed class StripedCounter
{
    private const int Stride = 16;
    private readonly long[] _cells;
    private readonly int _mask;

    internal StripedCounter()
    {
        var stripes = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 16));
        _mask = stripes - 1;
        _cells = new long[(stripes + 1) * Stride];
    }

    /// <summary>Sum of all stripes; not an atomic snapshot.</summary>
    internal long Value
    {
        get
        {
            var sum = 0L;
            for (var i = Stride; i < _cells.Length; i += Stride)
                sum += Volatile.Read(ref _cells[i]);
            return sum;
        }
    }

    /// <summary>Adds and returns the value of this processor's stripe: good for sampling one in N.</summary>
    internal long Add(long amount) =>
        Interlocked.Add(ref _cells[((Thread.GetCurrentProcessorId() & _mask) + 1) * Stride], amount);
}
