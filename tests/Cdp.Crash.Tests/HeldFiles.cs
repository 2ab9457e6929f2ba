using System.Text;

namespace Cdp.Crash.Tests;

/// <summary>Looks for words in the files of a store, be it open.</summary>
internal static class HeldFiles
{
    /// <summary>Every word stands in some file.</summary>
    public static void AssertHold(string data, params string[] secrets)
    {
        var all = string.Concat(Files(data).Select(Text));
        foreach (var secret in secrets) Assert.Contains(secret, all, StringComparison.Ordinal);
    }

    /// <summary>No word stands in any file.</summary>
    public static void AssertHoldNot(string data, string when, params string[] secrets)
    {
        foreach (var path in Files(data))
        {
            var text = Text(path);
            foreach (var secret in secrets) Assert.False(text.Contains(secret, StringComparison.OrdinalIgnoreCase), $"{when}: {Path.GetFileName(path)} holds {secret}");
        }
    }

    /// <summary>All but the lock, which has no content and cannot be opened.</summary>
    private static IEnumerable<string> Files(string data) => Directory.GetFiles(data, "*", SearchOption.AllDirectories).Where(path => Path.GetFileName(path) != "lock");

    private static string Text(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return Encoding.Latin1.GetString(bytes);
    }
}
