using System.Buffers.Binary;

namespace Cdp.Domain.Events;

/// <summary>Walks the fields of one message on the wire without making objects.</summary>
/// <remarks>Protocol Buffers encoding, https://protobuf.dev/programming-guides/encoding.</remarks>
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Number of the field read last.</summary>
    public int Field { get; private set; }

    /// <summary>Its wire type.</summary>
    public WireType Type { get; private set; }

    /// <summary>Its value where it is a varint or fixed.</summary>
    public ulong Number { get; private set; }

    /// <summary>Its value where it is length-delimited.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Something was no field that this reader knows: the message is not read to its end.</summary>
    public bool Failed { get; private set; }

    /// <summary>Reads the next field; false at the end, or where reading failed.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        Failed = true;
        if (!TryReadVarint(out ulong tag) || tag > uint.MaxValue || tag >> 3 == 0)
            return false;
        Field = (int)(tag >> 3);
        Type = (WireType)(tag & 7);
        switch (Type)
        {
            case WireType.Varint:
                if (!TryReadVarint(out ulong number))
                    return false;
                Number = number;
                break;
            case WireType.Fixed64:
                if (_rest.Length < 8)
                    return false;
                Number = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
                _rest = _rest[8..];
                break;
            case WireType.Bytes:
                if (!TryReadVarint(out ulong length) || length > (ulong)_rest.Length)
                    return false;
                Bytes = _rest[..(int)length];
                _rest = _rest[(int)length..];
                break;
            case WireType.Fixed32:
                if (_rest.Length < 4)
                    return false;
                Number = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
                _rest = _rest[4..];
                break;
            default:
                return false;
        }

        Failed = false;
        return true;
    }

    private bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            byte next = _rest[i];
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next >= 0x80)
                continue;
            _rest = _rest[(i + 1)..];
            return true;
        }

        return false;
    }
}

/// <summary>Wire types of Protocol Buffers; groups are not read.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}
