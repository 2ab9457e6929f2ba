using System.Text.RegularExpressions;

namespace Cdp.House.Tests;

/// <summary>Dependencies point one way: Contracts, Domain, Grains, what stands on them, the executables.</summary>
public sealed partial class DependencyTests
{
    /// <summary>Whom each project may know, directly or through others. A new project is entered here on purpose.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Cdp.Contracts"] = [],
        ["Cdp.Rpc"] = [],
        ["Cdp.Client"] = ["Cdp.Contracts"],
        ["Cdp.Domain"] = ["Cdp.Contracts"],
        ["Cdp.Grains"] = ["Cdp.Contracts", "Cdp.Domain"],
        ["Cdp.SingleNode"] = ["Cdp.Contracts", "Cdp.Domain", "Cdp.Grains"],
        ["Cdp.Orleans"] = ["Cdp.Contracts", "Cdp.Domain", "Cdp.Grains"],
        ["Cdp.Azure"] = ["Cdp.Contracts", "Cdp.Domain", "Cdp.Grains", "Cdp.Orleans", "Cdp.Storage"],
        ["Cdp.Silo"] =
        [
            "Cdp.Azure", "Cdp.Contracts", "Cdp.Domain", "Cdp.Gateway", "Cdp.Grains", "Cdp.Orleans", "Cdp.Rpc", "Cdp.Storage", "Cdp.Storage.Postgres", "Cdp.Storage.Sqlite",
        ],
        ["Cdp.Storage"] = ["Cdp.Contracts", "Cdp.Domain", "Cdp.Grains"],
        ["Cdp.Storage.Postgres"] = ["Cdp.Contracts", "Cdp.Domain", "Cdp.Grains", "Cdp.Storage"],
        ["Cdp.Storage.Sqlite"] = ["Cdp.Contracts", "Cdp.Domain", "Cdp.Grains", "Cdp.Storage"],
        ["Cdp.Gateway"] = ["Cdp.Contracts", "Cdp.Domain", "Cdp.Grains", "Cdp.Rpc"],
        ["Cdp.Node"] =
        [
            "Cdp.Client", "Cdp.Contracts", "Cdp.Domain", "Cdp.Gateway", "Cdp.Grains", "Cdp.Rpc", "Cdp.SingleNode", "Cdp.Storage", "Cdp.Storage.Postgres",
            "Cdp.Storage.Sqlite",
        ],
    };

    /// <summary>Where pure code would find I/O, time, chance or another thread.</summary>
    private static readonly string[] ImpureTypes =
    [
        "System.Threading.Tasks.", "System.Threading.Timer", "System.Threading.Thread", "System.Runtime.CompilerServices.Async",
        "System.IO.File", "System.IO.Directory", "System.IO.Stream", "System.IO.Text", "System.Net.", "System.Console", "System.Random",
        "System.Security.Cryptography.RandomNumberGenerator", "System.Diagnostics.Stopwatch", "System.Diagnostics.Process", "System.Diagnostics.Activity",
        "System.Diagnostics.Metrics.", "System.Diagnostics.Trace", "System.TimeProvider", "Microsoft.",
    ];

    private static readonly string[] AmbientMembers =
    [
        "System.DateTime::get_Now", "System.DateTime::get_UtcNow", "System.DateTime::get_Today", "System.DateTimeOffset::get_Now",
        "System.DateTimeOffset::get_UtcNow", "System.Guid::NewGuid", "System.Guid::CreateVersion7", "System.Environment::get_TickCount",
        "System.Environment::get_TickCount64", "System.Environment::GetEnvironmentVariable", "System.TimeZoneInfo::get_Local",
    ];

    private static readonly string[] ScheduleMembers =
    [
        "System.Threading.Tasks.Task::ConfigureAwait", "System.Threading.Tasks.Task`1::ConfigureAwait", "System.Threading.Tasks.ValueTask::ConfigureAwait",
        "System.Threading.Tasks.ValueTask`1::ConfigureAwait", "System.Threading.Tasks.Task::Run", "System.Threading.Tasks.TaskFactory::StartNew",
        "System.Threading.ThreadPool::QueueUserWorkItem", "System.Threading.ThreadPool::UnsafeQueueUserWorkItem", "System.Threading.Thread::Start",
    ];

    public static TheoryData<string> Names => [.. Projects.InSource];

    /// <summary>Those whose assemblies stand beside these tests.</summary>
    public static TheoryData<string> Built => [.. Projects.InSource.Except(Projects.OfCluster.Select(Projects.Name))];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_project_refers_only_to_those_below_it(string name)
    {
        Assert.True(Allowed.TryGetValue(name, out var allowed), $"{name} is new: say in {nameof(DependencyTests)} whom it may know.");
        Assert.Empty(Closure(name).Except(allowed!));
    }

    [Theory]
    [MemberData(nameof(Built))]
    public void An_assembly_refers_only_to_those_below_it(string name)
    {
        using var metadata = new Metadata(name);
        Assert.Empty(metadata.Assemblies.Where(IsOurs).Except(Allowed[name]));
    }

    [Fact]
    public void Domain_has_no_clock_no_chance_no_output_and_no_task()
    {
        using var metadata = new Metadata("Cdp.Domain");
        Assert.DoesNotContain(metadata.Types, type => ImpureTypes.Any(impure => type.StartsWith(impure, StringComparison.Ordinal)) && !IsInert(type));
        Assert.Empty(metadata.Members.Intersect(AmbientMembers));
        Assert.DoesNotContain(metadata.Assemblies, assembly => assembly.StartsWith("Microsoft.", StringComparison.Ordinal));
    }

    [Fact]
    public void Grains_know_no_engine_no_store_and_no_server()
    {
        using var metadata = new Metadata("Cdp.Grains");
        Assert.DoesNotContain(
            metadata.Assemblies, assembly => !IsOurs(assembly) && !assembly.StartsWith("System.", StringComparison.Ordinal) && assembly != "Google.Protobuf");
    }

    [Fact]
    public void Grains_stay_on_the_scheduler_of_their_engine()
    {
        using var metadata = new Metadata("Cdp.Grains");
        Assert.Empty(metadata.Members.Intersect(ScheduleMembers));
    }

    [Theory]
    [InlineData("Cdp.Grains")]
    [InlineData("Cdp.SingleNode")]
    [InlineData("Cdp.Storage")]
    [InlineData("Cdp.Storage.Postgres")]
    [InlineData("Cdp.Storage.Sqlite")]
    [InlineData("Cdp.Gateway")]
    [InlineData("Cdp.Rpc")]
    [InlineData("Cdp.Client")]
    [InlineData("Cdp.Node")]
    public void Time_comes_from_a_provider(string name)
    {
        using var metadata = new Metadata(name);
        Assert.Empty(metadata.Members.Intersect(AmbientMembers.Where(member => member.StartsWith("System.DateTime", StringComparison.Ordinal))));
    }

    [Fact]
    public void The_transport_has_no_business_word()
    {
        var found = Projects.Sources("Cdp.Rpc")
            .SelectMany(path => File.ReadLines(path).Select((line, index) => (Place: $"{Projects.Relative(path)}:{index + 1}", Line: line)))
            .Where(place => BusinessWord().IsMatch(place.Line));
        Assert.Empty(found.Select(place => $"{place.Place} {place.Line.Trim()}"));
    }

    [Fact]
    public void What_reads_assemblies_finds_what_is_there()
    {
        using var node = new Metadata("Cdp.Node");
        using var grains = new Metadata("Cdp.Grains");
        Assert.Contains("Cdp.Gateway", node.Assemblies);
        Assert.Contains("System.Threading.Tasks.ValueTask", grains.Types);
        Assert.Contains("System.Threading.Tasks.Task::Delay", grains.Members);
        Assert.Contains(grains.Members, member => member.StartsWith("System.Collections.Generic.Dictionary`2::", StringComparison.Ordinal));
    }

    private static HashSet<string> Closure(string name)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(Projects.ReferencesOf(name));
        while (open.TryDequeue(out var next))
        {
            if (!known.Add(next)) continue;
            foreach (var further in Projects.ReferencesOf(next)) open.Enqueue(further);
        }

        return known;
    }

    private static bool IsOurs(string assembly) => assembly.StartsWith("Cdp.", StringComparison.Ordinal) || assembly == "cdp";

    /// <summary>Attributes, which compilers put into any assembly.</summary>
    private static bool IsInert(string type) => type.EndsWith("Attribute", StringComparison.Ordinal);

    [GeneratedRegex(@"customer|tenant|profile|segment|consent|loyalty|marketing|Cdp\.(V1|State|Grains)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex BusinessWord();
}
