using System.Buffers;
using Google.Protobuf;

namespace Cdp.Gateway.Ingest;

/// <summary>
/// Walks a <c>PublishEventsRequest</c> on the wire and finds its events without parsing them, so that one malformed
/// event does not refuse the others and the log can keep the bytes as they came.
/// </summary>
/// <remarks>Protocol Buffers encoding, https://protobuf.dev/programming-guides/encoding.</remarks>
public static class EventScanner
{
    private const int LengthDelimited = 2;

    /// <summary>Ranges of the events in a message; null when the message itself is malformed.</summary>
    /// <param name="message">The message's bytes.</param>
    /// <param name="field">Number of the repeated field that holds events.</param>
    /// <param name="other">Hears the value of the varint field 1, where <paramref name="field"/> is another.</param>
    public static List<Range>? Find(ReadOnlySpan<byte> message, int field, out long other)
    {
        other = 0;
        var events = new List<Range>();
        var at = 0;
        while (at < message.Length)
        {
            if (!TryReadVarint(message, ref at, out var tag) || tag >> 3 is 0 or > 536_870_911) return null;
            switch ((int)(tag & 7))
            {
                case 0:
                    if (!TryReadVarint(message, ref at, out var value)) return null;
                    if (tag >> 3 == 1) other = (long)value;
                    break;
                case 1:
                    at += 8;
                    break;
                case LengthDelimited:
                    if (!TryReadVarint(message, ref at, out var length) || length > (ulong)(message.Length - at)) return null;
                    if ((int)(tag >> 3) == field) events.Add(new Range(at, at + (int)length));
                    at += (int)length;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    return null;
            }
        }

        return at == message.Length ? events : null;
    }

    /// <summary>The bytes of a sequence in one piece; rented where it has several.</summary>
    public static ReadOnlyMemory<byte> Contiguous(ReadOnlySequence<byte> sequence, out byte[]? rented)
    {
        rented = null;
        if (sequence.IsSingleSegment) return sequence.First;
        rented = ArrayPool<byte>.Shared.Rent((int)sequence.Length);
        sequence.CopyTo(rented);
        return rented.AsMemory(0, (int)sequence.Length);
    }

    /// <summary>A payload: a small header message followed by the event's own bytes as its field <paramref name="field"/>.</summary>
    public static byte[] Compose(IMessage header, int field, ReadOnlySpan<byte> body)
    {
        var headerSize = header.CalculateSize();
        Span<byte> prefix = stackalloc byte[16];
        var prefixSize = WriteVarint(prefix, (uint)((field << 3) | LengthDelimited));
        prefixSize += WriteVarint(prefix[prefixSize..], (uint)body.Length);
        var payload = new byte[headerSize + prefixSize + body.Length];
        header.WriteTo(payload.AsSpan(0, headerSize));
        prefix[..prefixSize].CopyTo(payload.AsSpan(headerSize));
        body.CopyTo(payload.AsSpan(headerSize + prefixSize));
        return payload;
    }

    private static bool TryReadVarint(ReadOnlySpan<byte> message, ref int at, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at >= message.Length) return false;
            var next = message[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return true;
        }

        return false;
    }

    private static int WriteVarint(Span<byte> target, uint value)
    {
        var length = 0;
        while (value >= 0x80)
        {
            target[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[length++] = (byte)value;
        return length;
    }
}
