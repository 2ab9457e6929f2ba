using System.Buffers;
using System.Runtime.InteropServices;
using Cdp.Grains.Ports;

namespace Cdp.Storage.Log;

/// <summary>Packs the appends of a transaction into blocks: those of one partition share them. Used by one thread.</summary>
internal sealed class LogPacker
{
    /// <summary>Bytes of a block, unless a single record is longer: reading one record reads its block.</summary>
    public const int BlockBytes = 16 << 10;

    private readonly List<(byte Tenant, LogRecord Record)> _records = [];
    private readonly List<string> _tenants = [];

    /// <summary>Takes a block; its bytes are valid during the call.</summary>
    /// <param name="first">Position of its first record.</param>
    /// <param name="count">Number of its records.</param>
    /// <param name="block">The block.</param>
    public delegate void BlockWriter(long first, int count, ReadOnlySpan<byte> block);

    /// <summary>Gives each append the position of its first record, and writes their blocks.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="end">Position of the first record.</param>
    /// <param name="appends">Appends of this partition, in their order.</param>
    /// <param name="write">Takes the blocks, in their order.</param>
    /// <returns>The position after the last.</returns>
    public long Pack(int partition, long end, IReadOnlyList<AppendOperation> appends, BlockWriter write)
    {
        var size = LogBlock.EmptySize;
        foreach (var append in appends)
        {
            append.Result = end + _records.Count;
            foreach (var record in append.Records)
            {
                var tenant = _tenants.IndexOf(record.Tenant);
                var added = LogBlock.SizeOf(record) + (tenant < 0 ? LogBlock.SizeOfTenant(record.Tenant) : 0);
                if (_records.Count > 0 && (size + added > BlockBytes || (tenant < 0 && _tenants.Count == LogBlock.MaxTenants)))
                {
                    end = Write(partition, end, size, write);
                    tenant = -1;
                    size = LogBlock.EmptySize;
                    added = LogBlock.SizeOf(record) + LogBlock.SizeOfTenant(record.Tenant);
                }

                if (tenant < 0)
                {
                    tenant = _tenants.Count;
                    _tenants.Add(record.Tenant);
                }

                _records.Add(((byte)tenant, record));
                size += added;
            }
        }

        return _records.Count > 0 ? Write(partition, end, size, write) : end;
    }

    private long Write(int partition, long first, int size, BlockWriter write)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        var block = buffer.AsSpan(0, size);
        var count = _records.Count;
        LogBlock.Write(block, partition, first, _tenants, CollectionsMarshal.AsSpan(_records));

        // Empty before the block is handed over: what the writer throws leaves nothing for the next transaction.
        _records.Clear();
        _tenants.Clear();
        write(first, count, block);
        ArrayPool<byte>.Shared.Return(buffer, clearArray: false);
        return first + count;
    }
}
