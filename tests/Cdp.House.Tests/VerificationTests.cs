using System.Text.RegularExpressions;
using Cdp.Node.Tests;

namespace Cdp.House.Tests;

/// <summary>The table of invariants names tests that exist.</summary>
public sealed partial class VerificationTests
{
    private const string Document = "docs/verification.md";
    private const int Invariants = 14;

    private static readonly Dictionary<string, List<string>> Classes = Directory
        .EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
        .Where(path => !Projects.IsOutput(path))
        .SelectMany(path => Class().Matches(File.ReadAllText(path)))
        .GroupBy(match => match.Groups["name"].Value, match => match.Groups["summary"].Value)
        .ToDictionary(group => group.Key, group => group.ToList(), StringComparer.Ordinal);

    [Fact]
    public void Every_invariant_has_a_row_with_all_its_cells() =>
        Assert.Equal(Enumerable.Range(1, Invariants), Rows().Select(row => row.Number));

    [Fact]
    public void Every_invariant_has_a_test_class_of_its_name_or_is_said_to_be_missing() =>
        Assert.All(Rows(), row =>
        {
            if (row.Tests == "not built yet") return;
            Assert.StartsWith($"`{ClassOf(row.Title)}`", row.Tests, StringComparison.Ordinal);
            Assert.All(Classes[ClassOf(row.Title)], summary => Assert.Contains($"Invariant {row.Number}:", summary, StringComparison.Ordinal));
        });

    [Fact]
    public void Every_test_class_and_test_project_that_is_named_exists()
    {
        var named = Code().Matches(Documents.Read(Document)).Select(match => match.Groups["name"].Value).Distinct().ToList();
        var projects = Projects.OnDisk.Select(Projects.Name).ToHashSet(StringComparer.Ordinal);
        Assert.True(named.Count > Invariants);
        Assert.DoesNotContain(named, name => !Classes.ContainsKey(name) && !projects.Contains(name));
    }

    [Fact]
    public void Every_test_that_claims_an_invariant_is_in_its_row()
    {
        var rows = Rows().ToDictionary(row => row.Number, row => row.Tests);
        foreach (var (name, summaries) in Classes)
        {
            foreach (var claim in summaries.SelectMany(summary => Claim().Matches(summary)))
                Assert.Contains($"`{name}`", rows[int.Parse(claim.Groups["number"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)], StringComparison.Ordinal);
        }
    }

    /// <summary>"A merge is a resumable saga" as a class: MergeIsAResumableSagaTests.</summary>
    private static string ClassOf(string title)
    {
        var words = title.Split(' ', '-').SkipWhile(word => word is "The" or "A");
        return string.Concat(words.Select(word => char.ToUpperInvariant(word[0]) + word[1..])) + "Tests";
    }

    private static List<(int Number, string Title, string Tests)> Rows() =>
        [.. Documents.Read(Document).Split('\n').Select(line => Row().Match(line)).Where(match => match.Success).Select(match => (
            int.Parse(match.Groups["number"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture), match.Groups["title"].Value, match.Groups["tests"].Value))];

    [GeneratedRegex(@"^\| (?<number>\d+) \| (?<title>[^|]+) \| (?<tests>[^|]+) \| [^|]+ \|$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z0-9]+Tests|Cdp\\.[A-Za-z.]+)`", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Code();

    [GeneratedRegex(@"Invariant (?<number>\d+):", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Claim();

    [GeneratedRegex(@"(?<summary>(^///[^\n]*\n)*)(^\[[^\n]*\n)*^(public|internal) (sealed |abstract |partial )*class (?<name>[A-Za-z0-9]+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex Class();
}
