using System.Text.Json;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes results that are no messages of the contract as JSON.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, NewLine = "\n" };

    public static string Write<T>(T result) => JsonSerializer.Serialize(result, Layout) + "\n";
}
