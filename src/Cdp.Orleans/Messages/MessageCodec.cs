using System.Buffers;
using Google.Protobuf;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.WireProtocol;

namespace Cdp.Orleans.Messages;

/// <summary>Writes and reads messages of one type: their length, then their bytes.</summary>
internal sealed class MessageCodec<T> : IFieldCodec<T>
    where T : class, IMessage<T>, new()
{
    /// <summary>Bytes that every writer of Orleans has in one piece; larger messages go through a buffer.</summary>
    private const int MostInPlace = 2_048;

    private static readonly MessageParser<T> Parser = new(static () => new T());

    /// <inheritdoc/>
    public void WriteField<TBufferWriter>(ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, T? value)
        where TBufferWriter : IBufferWriter<byte>
    {
        if (ReferenceCodec.TryWriteReferenceField(ref writer, fieldIdDelta, expectedType, value) || value is null) return;
        writer.WriteFieldHeader(fieldIdDelta, expectedType, typeof(T), WireType.LengthPrefixed);
        var size = value.CalculateSize();
        writer.WriteVarUInt32((uint)size);
        if (size <= MostInPlace)
        {
            writer.EnsureContiguous(size);
            value.WriteTo(writer.WritableSpan[..size]);
            writer.AdvanceSpan(size);
        }
        else
        {
            WriteScattered(ref writer, value, size);
        }
    }

    /// <inheritdoc/>
    public T? ReadValue<TInput>(ref Reader<TInput> reader, Field field)
    {
        if (field.WireType == WireType.Reference) return ReferenceCodec.ReadReference<T, TInput>(ref reader, field);
        field.EnsureWireType(WireType.LengthPrefixed);
        var size = (int)reader.ReadVarUInt32();
        var message = reader.TryReadBytes(size, out var bytes) ? Parser.ParseFrom(bytes) : ReadScattered(ref reader, size);
        ReferenceCodec.RecordObject(reader.Session, message);
        return message;
    }

    private static void WriteScattered<TBufferWriter>(ref Writer<TBufferWriter> writer, T message, int size)
        where TBufferWriter : IBufferWriter<byte>
    {
        var bytes = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            message.WriteTo(bytes.AsSpan(0, size));
            writer.Write(bytes.AsSpan(0, size));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static T ReadScattered<TInput>(ref Reader<TInput> reader, int size)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            reader.ReadBytes(bytes.AsSpan(0, size));
            return Parser.ParseFrom(bytes, 0, size);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
