using System.Text.RegularExpressions;

namespace Cdp.House.Tests;

/// <summary>The README's tour, carried out as it stands there.</summary>
public sealed partial class TourTests(RunningNode node) : IClassFixture<RunningNode>
{
    private const string Prompt = "$ cdp ";

    /// <summary>Commands that read a customer: where a person is slow, the test waits by token until events are applied.</summary>
    private static readonly string[] Reads = ["profile", "events", "identity", "segment members", "segment why", "decide"];

    [Fact]
    public async Task Every_command_of_the_tour_prints_what_the_readme_shows()
    {
        var (token, decision) = ("", "");
        var steps = Steps();
        Assert.True(steps.Count >= 5);
        foreach (var (command, shown) in steps)
        {
            var arguments = Argument().Matches(command).Select(match => match.Value.Trim('\'')).ToList();
            if (arguments[0] == "why") arguments[1] = decision;
            if (Reads.Any(read => command.StartsWith($"{read} ", StringComparison.Ordinal))) arguments.AddRange(["--after", token]);
            var (printed, _) = await node.RunAsync(arguments);
            if (Token().Match(printed) is { Success: true } published)
            {
                token = published.Groups["token"].Value;
                await node.RunAsync(["identity", "cookie:ck-7", "--after", token]);
            }

            if (Decision().Match(printed) is { Success: true } decided) decision = decided.Value;
            AssertShown(command, shown.Select(Normal), [.. printed.Split('\n').Select(Normal)]);
        }
    }

    [Fact]
    public async Task Every_command_that_a_guide_names_exists()
    {
        var (help, code) = await node.RunAsync(["--help"]);
        Assert.Equal(0, code);
        var existing = HelpLine().Matches(help).Select(match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
        Assert.Contains("serve", existing);
        var guides = Documents.All.Where(document => !document.StartsWith("docs/decisions/", StringComparison.Ordinal));
        var named = guides.SelectMany(document => Named().Matches(Documents.Read(document))).Select(match => match.Groups["name"].Value);
        Assert.Empty(named.Distinct(StringComparer.Ordinal).Except(existing));
    }

    /// <summary>Each command of the README's console blocks, with the lines shown below it.</summary>
    private static List<(string Command, List<string> Shown)> Steps()
    {
        var steps = new List<(string, List<string> Shown)>();
        foreach (var block in Block().Matches(Documents.Read("README.md")).Select(match => match.Groups["lines"].Value))
        {
            foreach (var line in block.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                if (line.StartsWith(Prompt, StringComparison.Ordinal)) steps.Add((line[Prompt.Length..], []));
                else steps[^1].Shown.Add(line);
            }
        }

        return steps;
    }

    /// <summary>The README may leave lines out, never change or move one.</summary>
    private static void AssertShown(string command, IEnumerable<string> shown, List<string> printed)
    {
        var from = 0;
        foreach (var line in shown)
        {
            var found = printed.IndexOf(line, from);
            Assert.True(found >= 0, $"`cdp {command}` does not print \"{line}\" there. It prints:\n{string.Join('\n', printed)}");
            from = found + 1;
        }
    }

    /// <summary>Without what differs from run to run: times, tokens, seeds, the ids of customers and decisions, and the widths that follow from them.</summary>
    private static string Normal(string line)
    {
        line = Seed().Replace(Time().Replace(Token().Replace(line, "token T"), "TIME"), "seed S");
        return Space().Replace(Customer().Replace(Decision().Replace(line, "DECISION"), "CUSTOMER"), " ").Trim();
    }

    /// <summary>As a shell splits them: what stands in single quotes is one.</summary>
    [GeneratedRegex("'[^']*'|[^ ]+", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Argument();

    [GeneratedRegex("```console\n(?<lines>[^`]*)```", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Block();

    [GeneratedRegex(@"token +(?<token>[A-Za-z0-9_-]+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Token();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+00:00", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Time();

    [GeneratedRegex(@"\bc[a-z0-9]{26}\b", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Customer();

    [GeneratedRegex(@"(\bc[a-z0-9]{26})?\.[0-9a-f]+\.[0-9a-f]{13}\.[0-9a-f]{16}\b", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Decision();

    [GeneratedRegex(@"seed +[0-9a-f]{16}\b", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Seed();

    [GeneratedRegex(@"\s+", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Space();

    [GeneratedRegex(@"^  (?<name>[a-z]+(-[a-z]+)*)( |$)", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex HelpLine();

    [GeneratedRegex(@"(^|`|\$ )cdp (?<name>[a-z]+(-[a-z]+)*)\b|Cdp\.Node -- (?<name>[a-z]+(-[a-z]+)*)\b", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Named();
}
