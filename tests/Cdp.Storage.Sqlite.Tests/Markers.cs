using System.Text;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>Words in payloads that are looked for in the bytes of the files.</summary>
internal static class Markers
{
    private const int Digits = 8;

    private static ReadOnlySpan<byte> Start => "<marker-"u8;

    public static string Of(int number) => $"<marker-{number:00000000}>";

    /// <summary>All markers in the files of a log, each as often as it is there.</summary>
    public static List<string> In(TemporaryDirectory directory)
    {
        var found = new List<string>();
        foreach (var path in Directory.GetFiles(directory.Path, "log.db*"))
        {
            var bytes = Files.Read(path).AsSpan();
            for (int at; (at = bytes.IndexOf(Start)) >= 0; bytes = bytes[(at + Start.Length)..])
            {
                found.Add(Encoding.Latin1.GetString(bytes.Slice(at, Math.Min(bytes.Length - at, Start.Length + Digits + 1))));
            }
        }

        return found;
    }
}
