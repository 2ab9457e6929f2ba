using System.Buffers.Binary;
using System.Numerics;
using Cdp.Storage.Log;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// A segment of the journal. Little-endian:
/// <code>
/// header  "CDPJ" · version u32 = 1 · first sequence u64 · salt u64 · 0 u32 · CRC u32
/// block   "CDPB" · length of the changes u32 · sequence u64 · CRC u32 · 0 u32 · changes
/// </code>
/// CRCs are CRC-32C (RFC 3720, appendix B.4), a block's begins with the salt: no value that someone stores can look like a
/// block. Blocks are numbered without a gap, through all segments.
/// </summary>
internal static class JournalFormat
{
    public const int HeaderSize = 32;
    public const int BlockHeaderSize = 24;

    private const uint Version = 1;

    private static ReadOnlySpan<byte> HeaderMagic => "CDPJ"u8;

    private static ReadOnlySpan<byte> BlockMagic => "CDPB"u8;

    public static void WriteHeader(Span<byte> header, long first, ulong salt)
    {
        header[..HeaderSize].Clear();
        HeaderMagic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Version);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], first);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], salt);
        BinaryPrimitives.WriteUInt32LittleEndian(header[28..], ~Checksum.Add(uint.MaxValue, header[..28]));
    }

    /// <summary>Reads a header; null when it is none that was written whole.</summary>
    /// <exception cref="StorageException">A later program wrote it.</exception>
    public static (long First, ulong Salt)? ReadHeader(string path, ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderSize || !file.StartsWith(HeaderMagic) || ~Checksum.Add(uint.MaxValue, file[..28]) != BinaryPrimitives.ReadUInt32LittleEndian(file[28..])) return null;
        var version = BinaryPrimitives.ReadUInt32LittleEndian(file[4..]);
        if (version != Version) throw new StorageException($"{path} has format {version}; this program reads format {Version}. Start the program that wrote it.");
        return (BinaryPrimitives.ReadInt64LittleEndian(file[8..]), BinaryPrimitives.ReadUInt64LittleEndian(file[16..]));
    }

    /// <summary>Writes the header of a block whose changes stand already.</summary>
    /// <param name="header">Where it stands.</param>
    /// <param name="sequence">Number of the block.</param>
    /// <param name="salt">Salt of the segment.</param>
    /// <param name="ranges">The block, header included.</param>
    /// <returns>Bytes of the block.</returns>
    public static int WriteBlockHeader(Span<byte> header, long sequence, ulong salt, List<ReadOnlyMemory<byte>> ranges)
    {
        var length = 0;
        foreach (var range in ranges) length = checked(length + range.Length);
        header.Clear();
        BlockMagic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], length - BlockHeaderSize);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], sequence);
        var crc = Checksum.Add(Seed(salt), header[..16]);
        for (var i = 0; i < ranges.Count; i++) crc = Checksum.Add(crc, ranges[i].Span[(i == 0 ? BlockHeaderSize : 0)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], ~crc);
        return length;
    }

    /// <summary>Reads the block at the beginning of some bytes; null when there is none that was written whole.</summary>
    /// <returns>Its number, and the length of the changes that follow its header.</returns>
    public static (long Sequence, int Length)? ReadBlock(ReadOnlySpan<byte> bytes, ulong salt)
    {
        if (bytes.Length < BlockHeaderSize || !bytes.StartsWith(BlockMagic)) return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (length < 0 || length > bytes.Length - BlockHeaderSize) return null;
        var crc = ~Checksum.Add(Checksum.Add(Seed(salt), bytes[..16]), bytes.Slice(BlockHeaderSize, length));
        if (crc != BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]) || BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]) != 0) return null;
        return (BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]), length);
    }

    /// <summary>Whether a whole block stands anywhere in some bytes.</summary>
    public static bool HasBlock(ReadOnlySpan<byte> bytes, ulong salt)
    {
        while (bytes.IndexOf(BlockMagic) is >= 0 and var at)
        {
            if (ReadBlock(bytes[at..], salt) is not null) return true;
            bytes = bytes[(at + 1)..];
        }

        return false;
    }

    private static uint Seed(ulong salt) => BitOperations.Crc32C(uint.MaxValue, salt);
}
