using System.Text.RegularExpressions;
using Cdp.Node.Tests;

namespace Cdp.House.Tests;

/// <summary>The documents of the repository.</summary>
internal static partial class Documents
{
    /// <summary>README and everything below docs and samples, from the root.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "README.md",
        .. new[] { "docs", "samples" }.Select(room => Path.Combine(Repository.Root, room)).Where(Directory.Exists)
            .SelectMany(room => Directory.EnumerateFiles(room, "*.md", SearchOption.AllDirectories))
            .Where(path => !Projects.IsOutput(path)).Select(Projects.Relative).Order(StringComparer.Ordinal),
    ];

    public static string Read(string document) => File.ReadAllText(Path.Combine(Repository.Root, document));

    /// <summary>What the first cells of a document's tables name, in back ticks.</summary>
    public static IReadOnlyList<string> FirstCells(string document) =>
        [.. Read(document).Split('\n').Select(line => FirstCell().Match(line)).Where(match => match.Success).Select(match => match.Groups["name"].Value)];

    [GeneratedRegex(@"^\| `(?<name>[^`]+)` \|", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex FirstCell();
}
