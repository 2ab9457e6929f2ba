using Cdp.Grains.Ports;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Log;

/// <summary>Appends records to a partition; the result is the position of the first.</summary>
internal sealed class AppendOperation(int partition, IReadOnlyList<LogRecord> records, int bytes) : WriteOperation<long>
{
    public int Partition => partition;

    public IReadOnlyList<LogRecord> Records => records;

    public override int Bytes => bytes;
}

/// <summary>Blanks one record, but for a remainder; the result tells whether there is one.</summary>
internal sealed class BlankOperation(int partition, long position, ReadOnlyMemory<byte> remainder) : WriteOperation<bool>
{
    public int Partition => partition;

    public long Position => position;

    public ReadOnlyMemory<byte> Remainder => remainder;

    /// <summary>Also when it was blanked before: the write-ahead log may have outlived an earlier attempt.</summary>
    public override bool Erases => true;
}
