using System.Buffers.Binary;
using System.Numerics;

namespace Cdp.Storage.Log;

/// <summary>CRC-32C (RFC 3720, appendix B.4), piece by piece.</summary>
internal static class Checksum
{
    /// <summary>Takes bytes into a running checksum; the first piece starts from all ones, and the last result is inverted.</summary>
    public static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes) crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
