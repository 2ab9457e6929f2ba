using System.Buffers.Binary;
using Cdp.Grains.Ports;

namespace Cdp.Storage.Log;

/// <summary>A block whose header is sound. Records are found by walking the lengths before them.</summary>
internal sealed class LogBlockView
{
    private const int RecordSize = 16;

    private readonly ReadOnlyMemory<byte> _block;
    private readonly string[] _tenants;

    public LogBlockView(ReadOnlyMemory<byte> block, string[] tenants, int recordsAt, int count)
    {
        (_block, _tenants, RecordsAt, Count) = (block, tenants, recordsAt, count);
        PayloadsAt = recordsAt + (count * RecordSize);
    }

    public int Count { get; }

    public int RecordsAt { get; }

    private int PayloadsAt { get; }

    public int LengthOf(int index) => BinaryPrimitives.ReadInt32LittleEndian(Entry(index)[8..]);

    public int PayloadAt(int index)
    {
        var at = PayloadsAt;
        for (var i = 0; i < index; i++) at += LengthOf(i);
        return at;
    }

    /// <summary>Reads one record. Its payload is part of the block's memory.</summary>
    /// <returns>False when its payload is not what was written.</returns>
    public bool TryRead(int index, out LogRecord record) => TryRead(index, PayloadAt(index), out record);

    /// <summary>Reads one record whose payload's place is known, as when reading one after the other.</summary>
    public bool TryRead(int index, int payloadAt, out LogRecord record)
    {
        var entry = Entry(index);
        var length = BinaryPrimitives.ReadInt32LittleEndian(entry[8..]);
        var left = BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]);
        var sound = entry[0] < _tenants.Length && length >= left && length <= _block.Length - payloadAt
            && LogBlock.Crc(_block.Span.Slice(payloadAt, length)) == BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]);
        if (!sound)
        {
            record = default;
            return false;
        }

        var flags = (LogRecordFlags)entry[1];
        var payload = _block.Slice(payloadAt, flags.HasFlag(LogRecordFlags.Blanked) ? left : length);
        record = new LogRecord(_tenants[entry[0]], flags, BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]), payload);
        return true;
    }

    private ReadOnlySpan<byte> Entry(int index) => _block.Span.Slice(RecordsAt + (index * RecordSize), RecordSize);
}
