using Cdp.Grains.Ports;

namespace Cdp.Storage.Log;

/// <summary>Gathers the records of consecutive blocks from a position on, at least one and no more than about a number of bytes.</summary>
/// <param name="partition">The partition.</param>
/// <param name="from">Position of the first record wanted.</param>
/// <param name="maxBytes">Bytes of payloads.</param>
internal sealed class LogPage(int partition, long from, int maxBytes)
{
    private readonly List<PositionedRecord> _records = [];
    private long _bytes;

    /// <summary>The records.</summary>
    public IReadOnlyList<PositionedRecord> Records => _records;

    /// <summary>Position of the next record wanted.</summary>
    public long Next { get; private set; } = from;

    /// <summary>Takes the next block, the first being the one that holds the position or ends before it.</summary>
    /// <returns>False when nothing more is wanted.</returns>
    /// <exception cref="LogDamagedException">The first record wanted is missing or damaged. What stands before damage is handed out first; the next read names it.</exception>
    public bool Add(long first, ReadOnlyMemory<byte> block)
    {
        if (first > Next) return Damaged(Next, LogBlock.RecordMissing);
        if (LogBlock.TryOpen(block, partition, first, out var damage) is not { } view) return Damaged(Math.Max(first, Next), damage);
        if (Next - first >= view.Count) return true;
        var index = (int)(Next - first);
        var payloadAt = view.PayloadAt(index);
        for (; index < view.Count; index++, Next++)
        {
            if (!view.TryRead(index, payloadAt, out var record)) return Damaged(Next, LogBlock.PayloadDamaged);
            if (_records.Count > 0 && _bytes + record.Payload.Length > maxBytes) return false;
            _records.Add(new PositionedRecord(Next, record));
            _bytes += record.Payload.Length;
            payloadAt += view.LengthOf(index);
        }

        return true;
    }

    private bool Damaged(long position, string reason) => _records.Count > 0 ? false : throw new LogDamagedException(partition, position, reason);
}
