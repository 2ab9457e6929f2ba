using System.Buffers.Binary;
using System.IO.Pipelines;

namespace Cdp.Rpc.Wire;

/// <summary>What stands before each message of gRPC, and of Connect's streams: flags, and the length of what follows.</summary>
internal static class Frames
{
    /// <summary>Bytes of a header.</summary>
    public const int HeaderBytes = 5;

    /// <summary>Flag of a message that is compressed.</summary>
    public const byte Compressed = 1;

    /// <summary>Writes a header.</summary>
    public static void WriteHeader(PipeWriter pipe, byte flags, int length)
    {
        var header = pipe.GetSpan(HeaderBytes);
        header[0] = flags;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], length);
        pipe.Advance(HeaderBytes);
    }
}
