using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;

namespace Cdp.Rpc.Wire;

/// <summary>Messages compressed by gzip, each for itself (RFC 1952, one member).</summary>
internal static class Gzip
{
    /// <summary>Its name in headers.</summary>
    public const string Name = "gzip";

    private const int TrailerBytes = 8;

    // What deflate can gain at most: a match of 258 bytes in two bits (zlib, "Maximum Compression Factor").
    private const int MostGain = 1032;

    /// <summary>Compresses a message; false when that gains nothing.</summary>
    /// <remarks>At the fastest level: the next one takes two to four times as long, and saves a third.</remarks>
    public static bool TryCompress(ReadOnlySpan<byte> message, out ReadOnlyMemory<byte> compressed)
    {
        var buffer = new MemoryStream(message.Length / 2);
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(message);
        }

        compressed = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
        return compressed.Length < message.Length;
    }

    /// <summary>Size that a compressed message has by its own word, in bytes; zero for one that is no gzip.</summary>
    /// <remarks>To be compared with the limit before any of it is inflated.</remarks>
    public static long SizeOf(ReadOnlySequence<byte> compressed)
    {
        if (compressed.Length <= TrailerBytes)
        {
            return 0;
        }

        Span<byte> size = stackalloc byte[sizeof(uint)];
        compressed.Slice(compressed.Length - sizeof(uint)).CopyTo(size);
        return BinaryPrimitives.ReadUInt32LittleEndian(size);
    }

    /// <summary>
    /// Inflates a message whose <see cref="SizeOf"/> is within the limit. Never takes more memory than that size: what inflates
    /// to another one is malformed, and is left as soon as that shows.
    /// </summary>
    /// <returns>False when it is no gzip, is cut off, or has another size than it says.</returns>
    public static bool TryInflate(ReadOnlySequence<byte> compressed, out byte[] message)
    {
        message = [];
        var size = SizeOf(compressed);
        if (compressed.Length <= TrailerBytes || size / MostGain > compressed.Length)
        {
            return false;
        }

        var inflated = GC.AllocateUninitializedArray<byte>((int)size);
        try
        {
            using var gzip = new GZipStream(PipeReader.Create(compressed).AsStream(), CompressionMode.Decompress);
            if (gzip.ReadAtLeast(inflated, inflated.Length, throwOnEndOfStream: false) < inflated.Length || gzip.ReadByte() >= 0)
            {
                return false;
            }
        }
        catch (InvalidDataException)
        {
            return false;
        }

        message = inflated;
        return true;
    }
}
