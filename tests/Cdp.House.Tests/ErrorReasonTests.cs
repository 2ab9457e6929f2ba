using System.Text.RegularExpressions;
using Cdp.Node.Tests;

namespace Cdp.House.Tests;

/// <summary>Every stable reason is explained, and nothing is explained that does not exist.</summary>
public sealed partial class ErrorReasonTests
{
    private const string Errors = "docs/errors.md";
    private const string Import = "docs/import.md";
    private const string Rejections = "src/Cdp.Node/Import/Rejection.cs";

    /// <summary>Reasons of one word, which look like nothing in particular: found by the code that gives them.</summary>
    private static readonly string[] OneWord = ["PURPOSE"];

    [Fact]
    public void Every_reason_that_a_server_gives_is_explained_and_no_other() =>
        Assert.Equal(InCode(), Explained(Errors));

    [Fact]
    public void Every_reason_of_the_importer_is_explained_and_no_other() =>
        Assert.Equal(ReasonsOf(Path.Combine(Repository.Root, Rejections)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), Explained(Import));

    [Fact]
    public void Every_explanation_has_all_its_cells_and_every_reason_is_explained_once()
    {
        var rows = Documents.Read(Errors).Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToList();
        Assert.All(rows, row => Assert.Equal(5, row.Trim('|').Split(" | ", StringSplitOptions.RemoveEmptyEntries).Count(cell => cell.Trim().Length > 0)));
        Assert.Distinct(Documents.FirstCells(Errors));
    }

    [Fact]
    public void The_search_for_reasons_finds_constants_and_literals_but_no_variables()
    {
        Assert.Equal(["EVENT_TOO_LARGE"], ReasonsIn("public const string EventTooLarge = \"EVENT_TOO_LARGE\";"));
        Assert.Equal(["PAGE_SIZE_INVALID"], ReasonsIn("throw RpcError.InvalidField(\"page_size\", \"Give 1.\", \"PAGE_SIZE_INVALID\")"));
        Assert.Equal(["PURPOSE"], ReasonsIn("new Withheld { Reason = \"PURPOSE\" }"));
        Assert.Empty(ReasonsIn("public const string Variable = \"CDP_ADMIN_KEY\";"));
        Assert.Empty(ReasonsIn("public const string EndpointVariable = \"OTEL_EXPORTER_OTLP_ENDPOINT\";"));
        Assert.Empty(ReasonsIn("/// <summary>Type <c>\"NOT_ONE\"</c>.</summary>"));
    }

    private static IEnumerable<string> InCode() =>
        Projects.InSource.SelectMany(Projects.Sources)
            .Where(path => Projects.Relative(path) != Rejections)
            .SelectMany(ReasonsOf)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static IEnumerable<string> ReasonsOf(string path) => File.ReadLines(path).SelectMany(ReasonsIn);

    private static IEnumerable<string> ReasonsIn(string line) =>
        line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            ? []
            : Literal().Matches(line).Select(match => match.Groups["text"].Value)
                .Where(text => text.Contains('_', StringComparison.Ordinal) ? !IsVariable(text) : OneWord.Contains(text));

    private static bool IsVariable(string text) =>
        Array.Exists(["CDP_", "DOTNET_", "OTEL_"], prefix => text.StartsWith(prefix, StringComparison.Ordinal));

    private static IEnumerable<string> Explained(string document) =>
        Documents.FirstCells(document).Where(name => WholeReason().IsMatch(name) || OneWord.Contains(name)).Order(StringComparer.Ordinal);

    [GeneratedRegex("\"(?<text>[A-Z][A-Z0-9]*(_[A-Z0-9]+)*)\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Literal();

    [GeneratedRegex("^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex WholeReason();
}
