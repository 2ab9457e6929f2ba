using System.IO.Hashing;
using System.Text;

namespace Cdp.Domain.Events;

/// <summary>Hashes by which a repeated event is recognised. Persisted: never changed.</summary>
public static class EventHash
{
    private const int SentAtField = 7;

    /// <summary>XxHash128 of the UTF-8 bytes of <paramref name="source"/>, 0x00, <paramref name="id"/>.</summary>
    public static UInt128 IdOf(string source, string id)
    {
        int size = Encoding.UTF8.GetMaxByteCount(source.Length) + 1 + Encoding.UTF8.GetMaxByteCount(id.Length);
        Span<byte> bytes = size <= 1024 ? stackalloc byte[1024] : new byte[size];
        int length = Encoding.UTF8.GetBytes(source, bytes);
        bytes[length++] = 0;
        length += Encoding.UTF8.GetBytes(id, bytes[length..]);
        return XxHash128.HashToUInt128(bytes[..length]);
    }

    /// <summary>
    /// XxHash64 of an event's wire bytes without <c>sent_at</c>, which differs between two sendings of the same event.
    /// Reads tags only; bytes that are no message are hashed as they are.
    /// </summary>
    public static ulong ContentOf(ReadOnlySpan<byte> eventWireBytes)
    {
        XxHash64? pieces = null;
        var rest = eventWireBytes;
        int at = 0;
        while (at < rest.Length)
        {
            int end = EndOfField(rest, at, out int field);
            if (end < 0)
                break;
            if (field != SentAtField)
            {
                at = end;
                continue;
            }

            pieces ??= new XxHash64();
            pieces.Append(rest[..at]);
            rest = rest[end..];
            at = 0;
        }

        if (pieces is null)
            return XxHash64.HashToUInt64(eventWireBytes);
        pieces.Append(rest);
        return pieces.GetCurrentHashAsUInt64();
    }

    private static int EndOfField(ReadOnlySpan<byte> bytes, int at, out int field)
    {
        field = 0;
        if (!TryReadVarint(bytes, ref at, out ulong tag))
            return -1;
        field = (int)(tag >> 3);
        switch (tag & 7)
        {
            case 0:
                return TryReadVarint(bytes, ref at, out _) ? at : -1;
            case 1:
                return Within(bytes, (long)at + 8);
            case 2:
                return TryReadVarint(bytes, ref at, out ulong length) && length <= int.MaxValue
                    ? Within(bytes, at + (long)length)
                    : -1;
            case 5:
                return Within(bytes, (long)at + 4);
            default:
                return -1;
        }
    }

    private static int Within(ReadOnlySpan<byte> bytes, long end) => end <= bytes.Length ? (int)end : -1;

    private static bool TryReadVarint(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return true;
        }

        return false;
    }
}
