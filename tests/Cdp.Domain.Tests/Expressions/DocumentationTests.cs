using System.Text.RegularExpressions;
using Cdp.Domain.Expressions;

namespace Cdp.Domain.Tests.Expressions;

/// <summary>docs/expressions.md says what the compiler does, and docs/segments.md shows what compiles.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Page = Read("expressions.md");

    [Theory]
    [InlineData("segment", ExpressionUse.Segment)]
    [InlineData("decision", ExpressionUse.Decision)]
    public void Every_example_compiles_and_stands_in_canonical_form(string box, ExpressionUse use)
    {
        var examples = Boxes(box).SelectMany(lines => lines.Split('\n')).ToList();
        Assert.NotEmpty(examples);
        Assert.All(examples, text => Assert.Equal(text, Asking.Compile(text, use).Text));
    }

    [Theory]
    [InlineData("error segment", ExpressionUse.Segment)]
    [InlineData("error decision", ExpressionUse.Decision)]
    public void Every_error_reads_as_shown(string box, ExpressionUse use)
    {
        var examples = Boxes(box).Select(lines => lines.Split("\n---\n")).ToList();
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Equal(example[1], Asking.Errors(example[0], use)));
    }

    [Fact]
    public void Every_field_is_listed_with_its_use()
    {
        foreach (var field in FieldCatalog.Fields)
        {
            string row = Assert.Single(Page.Split('\n'), line => line.StartsWith("| `", StringComparison.Ordinal) && line.Contains($"`{field.Name}`", StringComparison.Ordinal));
            Assert.Equal(!field.Uses.Contains(ExpressionUse.Segment), row.Contains("decisions only", StringComparison.Ordinal));
            Assert.Contains(field.Type.Kind == ValueKind.Any ? "any" : field.Type.ToString(), row, StringComparison.Ordinal);
        }
    }

    private static string Read(string page) => File.ReadAllText(Path.Combine(Repository.Root, "docs", page));

    private static IEnumerable<string> Boxes(string kind) =>
        Box().Matches(Page).Concat(Box().Matches(Read("segments.md"))).Where(match => match.Groups["kind"].Value == kind).Select(match => match.Groups["lines"].Value);

    [GeneratedRegex("^```(?<kind>.+?)\n(?<lines>.*?)\n```$", RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Box();
}
