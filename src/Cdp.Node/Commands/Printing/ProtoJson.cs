using Google.Protobuf;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes messages as the JSON that protobuf defines for them.</summary>
internal static class ProtoJson
{
    private static readonly JsonFormatter Compact = new(JsonFormatter.Settings.Default);
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithIndentation());

    public static string Write(IMessage message) => Formatter.Format(message).ReplaceLineEndings("\n") + "\n";

    /// <summary>Writes a message on one line, without its end.</summary>
    public static string Line(IMessage message) => Compact.Format(message);

    /// <summary>Writes a list of messages.</summary>
    public static string Write(IReadOnlyCollection<IMessage> messages) =>
        messages.Count == 0 ? "[]\n" : $"[\n{string.Join(",\n", messages.Select(message => Write(message).TrimEnd('\n')))}\n]\n";
}
