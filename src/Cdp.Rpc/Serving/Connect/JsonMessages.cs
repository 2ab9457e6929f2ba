using System.Buffers;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace Cdp.Rpc.Serving.Connect;

/// <summary>
/// Messages of one type in the JSON of protobuf: names in camelCase or as in the .proto file, 64-bit integers and bytes as
/// text. A field that the message does not have is an error, so that a misspelt one is not lost.
/// </summary>
/// <param name="type">The type.</param>
/// <remarks>https://protobuf.dev/programming-guides/json.</remarks>
internal sealed class JsonMessages(MessageDescriptor type)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default);

    /// <summary>Writes a message.</summary>
    public static byte[] ToJson(IMessage message) => Utf8.GetBytes(Formatter.Format(message));

    /// <summary>The same of a message that is in protobuf's encoding.</summary>
    public byte[] ToJson(ReadOnlySpan<byte> message) => ToJson(type.Parser.ParseFrom(message));

    /// <summary>Reads a message and writes it in protobuf's encoding.</summary>
    /// <exception cref="RpcException">It is no JSON, or none of such a message.</exception>
    public byte[] ToProtobuf(ReadOnlySequence<byte> json)
    {
        if (json.IsEmpty) throw Malformed("it is empty; send {} for a message without fields.");
        string text;
        try
        {
            text = Utf8.GetString(json);
        }
        catch (DecoderFallbackException)
        {
            throw Malformed("it is no valid UTF-8.");
        }

        try
        {
            return Parser.Parse(text, type).ToByteArray();
        }
        catch (Exception e) when (e is IOException or FormatException or OverflowException or ArgumentException or InvalidOperationException)
        {
            // The parser has its own words for most, and leaves some numbers and texts to those that it calls.
            throw Malformed(e.Message);
        }
    }

    private RpcException Malformed(string why) =>
        new RpcError(Code.InvalidArgument, $"The message is no valid {type.FullName} in JSON: {why}") { Reason = "REQUEST_MALFORMED" }.ToException();
}
