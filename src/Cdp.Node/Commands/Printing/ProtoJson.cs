using Google.Protobuf;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes messages as the JSON that protobuf defines for them.</summary>
internal static class ProtoJson
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithIndentation());

    public static string Write(IMessage message) => Formatter.Format(message).ReplaceLineEndings("\n") + "\n";
}
