using System.Reflection;
using System.Runtime.CompilerServices;
using Cdp.Orleans.Hosting;

namespace Cdp.Orleans.Tests;

/// <summary>
/// Silos of two versions call each other while a cluster is upgraded. What they name grains, their interfaces and their methods
/// by stands in <c>baseline/calls.txt</c>; it grows by additions only, as messages do (<c>Cdp.Contracts.Tests</c>).
/// <c>CDP_WRITE_BASELINE=1 dotnet test tests/Cdp.Orleans.Tests</c> appends what is new.
/// </summary>
public sealed class CallBaselineTests
{
    private const string WriteVariable = "CDP_WRITE_BASELINE";

    [Fact]
    public void Nothing_by_which_silos_of_another_version_call_is_renamed_or_removed()
    {
        var broken = Baseline().Except(Now()).ToList();
        Assert.True(
            broken.Count == 0,
            $"""
            Silos of an earlier version still call this while a cluster is upgraded:
            {string.Join('\n', broken)}
            Keep it, and add another beside it.
            """);
    }

    [Fact]
    public void Every_addition_stands_in_the_baseline()
    {
        if (Environment.GetEnvironmentVariable(WriteVariable) is "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf())!);
            File.WriteAllLines(PathOf(), Baseline().Union(Now()).Order(StringComparer.Ordinal));
        }

        var added = Now().Except(Baseline()).ToList();
        Assert.True(
            added.Count == 0,
            $"""
            This is new:
            {string.Join('\n', added)}
            Silos of an earlier version do not know it: see to it that none is called by this while a cluster is upgraded. Then run
            `{WriteVariable}=1 dotnet test tests/Cdp.Orleans.Tests` and commit the baseline.
            """);
    }

    [Fact]
    public void Every_kind_and_every_method_stands_in_it()
    {
        var now = Now();
        Assert.All(Hosts(), host => Assert.Contains($"grain  {host.FullName}", now));
        Assert.True(now.Count(fact => fact.StartsWith("call", StringComparison.Ordinal)) >= Hosts().SelectMany(Interfaces).SelectMany(one => one.GetMethods()).Count());
    }

    private static SortedSet<string> Now()
    {
        var facts = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var host in Hosts())
        {
            facts.Add($"grain  {host.FullName}");
            foreach (var one in Interfaces(host)) facts.Add($"interface  {host.FullName} is {one.FullName}");
        }

        // What the generated class of a call is known by on the wire: the interface and a number made from the method's signature.
        foreach (var type in typeof(GrainHosting).Assembly.GetTypes())
        {
            foreach (var alias in type.GetCustomAttributes<CompoundTypeAliasAttribute>())
                facts.Add($"call  {string.Join(' ', alias.Components.Select(Text))} ({type.BaseType!.Name.Split('`')[0]} {string.Join(", ", type.GetFields().Select(field => field.FieldType.FullName))})");
        }

        return facts;
    }

    private static string Text(object component) => component is Type type ? type.FullName! : component.ToString()!;

    private static IEnumerable<Type> Hosts() => typeof(GrainHosting).Assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IGrainBase)));

    private static IEnumerable<Type> Interfaces(Type host) => host.GetInterfaces().Where(one => one.IsAssignableTo(typeof(IGrainWithStringKey)) && one != typeof(IGrainWithStringKey));

    private static SortedSet<string> Baseline() => File.Exists(PathOf()) ? new SortedSet<string>(File.ReadLines(PathOf()), StringComparer.Ordinal) : new SortedSet<string>(StringComparer.Ordinal);

    private static string PathOf([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "baseline", "calls.txt");
}
