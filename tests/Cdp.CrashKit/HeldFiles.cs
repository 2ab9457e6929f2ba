using System.Text;

namespace Cdp.CrashKit;

/// <summary>Looks for words in the files of a store, be it open.</summary>
public static class HeldFiles
{
    /// <summary>The words that stand in some file: <c>when: word in file</c>. Small and capital letters are the same.</summary>
    public static IEnumerable<string> Holding(string directory, string when, params IReadOnlyList<string> words) =>
        from file in Read(directory)
        from word in words
        where file.Text.Contains(word, StringComparison.OrdinalIgnoreCase)
        select $"{when}: {word} in {file.Name}";

    /// <summary>The words that stand in no file.</summary>
    public static IEnumerable<string> Missing(string directory, params IReadOnlyList<string> words)
    {
        var texts = Read(directory).Select(file => file.Text).ToList();
        return words.Where(word => !texts.Exists(text => text.Contains(word, StringComparison.Ordinal)));
    }

    /// <summary>All but the lock, which has no content and cannot be opened.</summary>
    private static IEnumerable<(string Name, string Text)> Read(string directory) =>
        Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Where(path => Path.GetFileName(path) != "lock").Select(path => (Path.GetFileName(path), Text(path)));

    private static string Text(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return Encoding.Latin1.GetString(bytes);
    }
}
