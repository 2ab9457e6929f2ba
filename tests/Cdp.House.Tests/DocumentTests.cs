using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.Node.Hosting;
using Cdp.Node.Tests;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.House.Tests;

/// <summary>The documents say what the code does.</summary>
public sealed partial class DocumentTests
{
    public static TheoryData<string> All => [.. Documents.All];

    [Theory]
    [MemberData(nameof(All))]
    public void Every_link_to_a_file_leads_somewhere(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, document))!;
        var dead = Link().Matches(Documents.Read(document)).Select(match => match.Groups["target"].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#'))
            .Where(target => !Path.Exists(Path.Combine(folder, target.Split('#')[0])));
        Assert.Empty(dead);
    }

    [Fact]
    public void Every_setting_of_a_node_is_described_and_no_other()
    {
        var settings = typeof(NodeOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name);
        var described = Documents.FirstCells("docs/configuration.md").Where(name => !name.StartsWith("CDP_", StringComparison.Ordinal));
        Assert.Equal(settings.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_variable_is_described_and_no_other()
    {
        var read = Projects.InSource.SelectMany(Projects.Sources).SelectMany(File.ReadLines)
            .SelectMany(line => Variable().Matches(line)).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal);
        var described = Documents.FirstCells("docs/configuration.md").Where(name => name.StartsWith("CDP_", StringComparison.Ordinal));
        Assert.Equal(read.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_limit_of_events_and_profiles_is_described()
    {
        var described = Documents.Read("docs/limits.md");
        var limits = new[] { typeof(EventLimits), typeof(ProfileLimits) }
            .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Where(field => field.FieldType == typeof(int))
            .Select(field => (field.Name, Value: (int)field.GetRawConstantValue()!));
        Assert.DoesNotContain(limits, limit => !Spellings(limit.Name, limit.Value).Any(text => described.Contains(text, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_event_that_carries_an_outcome_is_one_that_is_taken_in()
    {
        var text = JsonBlock().Matches(Documents.Read("docs/decide.md")).Select(match => match.Groups["text"].Value)
            .Single(block => block.Contains("\"outcome\"", StringComparison.Ordinal));
        var shown = JsonParser.Default.Parse<Event>(text);
        Assert.Null(EventValidator.Validate(shown.ToByteArray(), out _));
        Assert.Null(OutcomeValidator.Check(shown.Outcome.DecisionId, shown.Outcome.ActionId, shown.Outcome.Kind, shown.Outcome.Value, "EUR"));
    }

    private static IEnumerable<string> Spellings(string name, int value)
    {
        if (!name.Contains("Bytes", StringComparison.Ordinal) && !name.Contains("Weight", StringComparison.Ordinal))
            yield return value.ToString("N0", CultureInfo.InvariantCulture);
        else if (value >= 1024 * 1024) yield return $"{value / (1024 * 1024)} MB";
        else yield return $"{value / 1024} KB";
        if (name.EndsWith("Minutes", StringComparison.Ordinal)) yield return $"{value / 60} hours";
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Link();

    [GeneratedRegex("```json\n(?<text>[^`]*)```", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex JsonBlock();

    [GeneratedRegex("\"(?<name>CDP_[A-Z_]+)\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Variable();
}
