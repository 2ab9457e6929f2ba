using System.Text;
using Google.Protobuf;

namespace Cdp.CrashKit.Observing;

/// <summary>A protobuf message without its schema: fields by number, as they stand on the wire.</summary>
public sealed class WireMessage
{
    private readonly List<(int Field, ulong Number, byte[] Bytes)> _fields = [];

    /// <summary>Takes a message apart.</summary>
    public WireMessage(byte[] bytes)
    {
        var input = new CodedInputStream(bytes);
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            _fields.Add((WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag)) switch
            {
                (var field, WireFormat.WireType.Varint) => (field, input.ReadUInt64(), []),
                (var field, WireFormat.WireType.Fixed64) => (field, input.ReadFixed64(), []),
                (var field, WireFormat.WireType.Fixed32) => (field, input.ReadFixed32(), []),
                (var field, WireFormat.WireType.LengthDelimited) => (field, 0, input.ReadBytes().ToByteArray()),
                (_, var other) => throw new InvalidDataException($"A field of type {other}."),
            });
        }
    }

    /// <summary>Messages in a repeated field.</summary>
    public IEnumerable<WireMessage> Messages(int field) => Blobs(field).Select(bytes => new WireMessage(bytes));

    /// <summary>Messages at the end of a path of fields.</summary>
    public IEnumerable<WireMessage> Messages(params int[] path) => path.Aggregate((IEnumerable<WireMessage>)[this], (found, field) => found.SelectMany(message => message.Messages(field)));

    /// <summary>The text of a field; empty when absent.</summary>
    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

    /// <summary>The bytes of a field; empty when absent.</summary>
    public byte[] Bytes(int field) => Blobs(field).LastOrDefault([]);

    /// <summary>The integer of a field, of fixed or variable length; null when absent.</summary>
    public long? Number(int field) => _fields.Where(one => one.Field == field).Select(one => (long?)one.Number).LastOrDefault();

    private IEnumerable<byte[]> Blobs(int field) => _fields.Where(one => one.Field == field).Select(one => one.Bytes);
}
