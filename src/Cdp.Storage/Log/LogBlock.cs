using System.Buffers.Binary;
using System.Text;
using Cdp.Grains.Ports;

namespace Cdp.Storage.Log;

/// <summary>
/// The bytes of consecutive records of one partition, as a row of the log holds them. Little-endian:
/// <code>
/// header   version u8 = 1 · tenants u8 · partition u16 · count u32 · first position i64 · length of the block u32 · CRC u32
/// tenants  length u16 · UTF-8, each tenant once
/// records  tenant u8 · flags u8 · left u16 · key id u32 · length u32 · CRC u32, one a record
/// payloads one after the other
/// </code>
/// CRCs are CRC-32C (RFC 3720, appendix B.4). The header's covers header, tenants and records; a record's covers its
/// payload. So a single record is found and checked without touching the others, and blanked without moving them: its
/// payload keeps its length, and "left" says how much of it is not zeros; 0 for all others.
/// </summary>
internal static class LogBlock
{
    public const byte Version = 1;

    /// <summary>Tenants that a block names at most.</summary>
    public const int MaxTenants = byte.MaxValue;

    /// <summary>Bytes of a tenant's name at most.</summary>
    public const int MaxTenantBytes = 1024;

    /// <summary>Bytes that a blanked payload leaves at most.</summary>
    public const int MaxRemainderBytes = ushort.MaxValue;

    /// <summary>Bytes of one payload at most.</summary>
    public const int MaxPayloadBytes = 64 << 20;

    /// <summary>Why a record cannot be read whose bytes are others than were written.</summary>
    public const string PayloadDamaged = "the payload's checksum does not match";

    /// <summary>Why a record cannot be read that is not where it was written.</summary>
    public const string RecordMissing = "the record is missing";

    private const int HeaderSize = 24;
    private const int CrcOffset = 20;
    private const int RecordSize = 16;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes that a record adds to a block, but for its tenant's name.</summary>
    public static int SizeOf(in LogRecord record) => RecordSize + record.Payload.Length;

    /// <summary>Bytes that a tenant adds to a block.</summary>
    public static int SizeOfTenant(string tenant) => 2 + Utf8.GetByteCount(tenant);

    /// <summary>Bytes of a block without tenants and records.</summary>
    public static int EmptySize => HeaderSize;

    /// <summary>Writes a block.</summary>
    /// <param name="destination">Exactly as long as the block.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="first">Position of the first record.</param>
    /// <param name="tenants">Every tenant of the records once.</param>
    /// <param name="records">The records and the index of their tenants.</param>
    public static void Write(Span<byte> destination, int partition, long first, IReadOnlyList<string> tenants, ReadOnlySpan<(byte Tenant, LogRecord Record)> records)
    {
        destination[0] = Version;
        destination[1] = checked((byte)tenants.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[2..], checked((ushort)partition));
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], records.Length);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], first);
        BinaryPrimitives.WriteInt32LittleEndian(destination[16..], destination.Length);
        var at = HeaderSize;
        foreach (var tenant in tenants)
        {
            var length = Utf8.GetBytes(tenant, destination[(at + 2)..]);
            BinaryPrimitives.WriteUInt16LittleEndian(destination[at..], checked((ushort)length));
            at += 2 + length;
        }

        var payloadAt = at + (records.Length * RecordSize);
        foreach (var (tenant, record) in records)
        {
            var payload = record.Payload.Span;
            payload.CopyTo(destination[payloadAt..]);
            var entry = destination.Slice(at, RecordSize);
            entry[0] = tenant;
            entry[1] = (byte)record.Flags;
            entry[2] = entry[3] = 0;
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], record.KeyId);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], payload.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], Crc(destination.Slice(payloadAt, payload.Length)));
            at += RecordSize;
            payloadAt += payload.Length;
        }

        Seal(destination, at);
    }

    /// <summary>Reads the structure of a block; payloads are checked as they are read.</summary>
    /// <returns>Null and why, if the bytes are not what was written.</returns>
    public static LogBlockView? TryOpen(ReadOnlyMemory<byte> block, int partition, long first, out string damage)
    {
        var bytes = block.Span;
        damage = "the block is shorter than its header";
        if (bytes.Length < HeaderSize) return null;
        damage = $"format version {bytes[0]} is unknown";
        if (bytes[0] != Version) return null;
        damage = "the block has another length than its header says";
        if (BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]) != bytes.Length) return null;
        damage = "the header's checksum does not match";
        int tenants = bytes[1], count = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), at = HeaderSize;
        for (var i = 0; i < tenants; i++)
        {
            if (at + 2 > bytes.Length) return null;
            at += 2 + BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
        }

        var end = at + ((long)count * RecordSize);
        if (count < 1 || end > bytes.Length) return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcOffset..]) != HeaderCrc(bytes, (int)end)) return null;
        damage = "the block belongs to another place";
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]) != partition || BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) != first) return null;
        damage = "";
        return new LogBlockView(block, Names(bytes, tenants), at, count);
    }

    /// <summary>Overwrites the payload at a position, with what is to be left and then with zeros.</summary>
    /// <exception cref="ArgumentException">More is to be left than it held, or than may be.</exception>
    /// <exception cref="LogDamagedException">The block is damaged, or ends before the position.</exception>
    public static void Blank(byte[] block, int partition, long first, long position, ReadOnlySpan<byte> remainder)
    {
        var view = TryOpen(block, partition, first, out var damage) ?? throw new LogDamagedException(partition, first, damage);
        if (position - first >= view.Count) throw new LogDamagedException(partition, position, RecordMissing);
        var index = (int)(position - first);
        if (remainder.Length > Math.Min(view.LengthOf(index), MaxRemainderBytes)) throw new ArgumentException("A blanked record leaves no more than it held, and at most 65,535 bytes.", nameof(remainder));
        Blank(block, view, index, remainder);
    }

    /// <summary>Overwrites one payload in place, with what is to be left and then with zeros.</summary>
    public static void Blank(Span<byte> block, LogBlockView view, int index, ReadOnlySpan<byte> remainder)
    {
        var payload = block.Slice(view.PayloadAt(index), view.LengthOf(index));
        payload.Clear();
        remainder.CopyTo(payload);
        var entry = block.Slice(view.RecordsAt + (index * RecordSize), RecordSize);
        entry[1] |= (byte)LogRecordFlags.Blanked;
        BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], checked((ushort)remainder.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], Crc(payload));
        Seal(block, view.RecordsAt + (view.Count * RecordSize));
    }

    public static uint Crc(ReadOnlySpan<byte> bytes) => ~Checksum.Add(uint.MaxValue, bytes);

    /// <summary>The header's checksum, of what stands before it and after it up to the payloads.</summary>
    private static uint HeaderCrc(ReadOnlySpan<byte> block, int end) =>
        ~Checksum.Add(Checksum.Add(uint.MaxValue, block[..CrcOffset]), block[HeaderSize..end]);

    private static void Seal(Span<byte> block, int end) =>
        BinaryPrimitives.WriteUInt32LittleEndian(block[CrcOffset..], HeaderCrc(block, end));

    private static string[] Names(ReadOnlySpan<byte> bytes, int tenants)
    {
        var names = new string[tenants];
        var at = HeaderSize;
        for (var i = 0; i < tenants; i++)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
            names[i] = Utf8.GetString(bytes.Slice(at + 2, length));
            at += 2 + length;
        }

        return names;
    }
}
