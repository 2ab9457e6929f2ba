using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Cdp.Node.Tests;
using Cdp.Silo.Hosting;
using Microsoft.Extensions.Configuration;

namespace Cdp.Silo.Tests.Deployment;

/// <summary>Dockerfile, Compose file and azure.yaml, read without Docker: what they name is there, and fits the silo.</summary>
public sealed partial class ContainerTests
{
    private const string Dockerfile = "src/Cdp.Silo/Dockerfile";
    private const string Compose = "samples/compose/compose.yaml";

    private static string[] Lines { get; } = File.ReadAllLines(Full(Dockerfile));

    [Fact]
    public void The_image_runs_what_it_publishes()
    {
        var published = Lines.Select(line => Publish().Match(line)).Where(match => match.Success).ToDictionary(match => match.Groups["folder"].Value, match => match.Groups["project"].Value);
        Assert.Equal(("src/Cdp.Silo", "src/Cdp.Node"), (published["/app"], published["/cli"]));
        Assert.Contains($"ENTRYPOINT [\"dotnet\", \"{AssemblyOf(published["/app"])}\"]", Lines);
        Assert.Equal(["dotnet", $"/cli/{AssemblyOf(published["/cli"])}", "migrate"], Strings(Service("migrate")["entrypoint"]));
    }

    [Fact]
    public void The_image_has_no_shell_and_no_root()
    {
        var bases = Lines.Where(line => line.StartsWith("FROM ", StringComparison.Ordinal)).ToList();
        Assert.Equal(["FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build", "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled"], bases);
        Assert.Equal("USER $APP_UID", Assert.Single(Lines, line => line.StartsWith("USER ", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_image_exposes_the_ports_of_a_silo()
    {
        var options = new SiloOptions();
        var exposed = Assert.Single(Lines, line => line.StartsWith("EXPOSE ", StringComparison.Ordinal)).Split(' ').Skip(1);
        Assert.Equal(new[] { options.Port, options.HealthPort, options.SiloPort }, exposed.Select(port => int.Parse(port, CultureInfo.InvariantCulture)));
        Assert.Contains(Lines, line => line.StartsWith("ENV Cdp__Address=0.0.0.0 ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_image_is_built_from_is_let_through()
    {
        var through = File.ReadLines(Full(".dockerignore")).Where(line => line.StartsWith('!')).Select(line => line[1..]).ToList();
        Assert.All(through, name => Assert.True(Path.Exists(Full(name)), name));

        // MSBuild and the SDK find these by their names alone.
        Assert.Subset(through.ToHashSet(StringComparer.Ordinal), new HashSet<string>(["src", "Directory.Build.props", "Directory.Packages.props", "global.json"], StringComparer.Ordinal));
    }

    [Fact]
    public void Azd_builds_this_image_and_deploys_it_with_the_module_of_its_name()
    {
        var (name, value) = Assert.Single(Yaml.Read("azure.yaml").Map("services"));
        var service = (Dictionary<object, object>)value;
        var project = Full(service.Text("project"));
        Assert.Equal(Full(Dockerfile), Path.GetFullPath(Path.Combine(project, service.Map("docker").Text("path"))));
        Assert.Equal(Repository.Root, Path.GetFullPath(Path.Combine(project, service.Map("docker").Text("context"))));
        Assert.True(File.Exists(Full($"infra/{name}.bicep")) && File.Exists(Full($"infra/{name}.bicepparam")));
        Assert.Equal("containerapp", service.Text("host"));
    }

    [Theory]
    [InlineData("silo1")]
    [InlineData("silo2")]
    [InlineData("silo3")]
    public void A_silo_of_the_Compose_file_starts_with_the_settings_it_gets(string name)
    {
        var service = Service(name);
        var environment = service.Map("environment");
        var settings = environment.Where(pair => ((string)pair.Key).StartsWith("Cdp__", StringComparison.Ordinal))
            .Select(pair => KeyValuePair.Create(((string)pair.Key).Replace("__", ":", StringComparison.Ordinal), (string?)Given().Replace((string)pair.Value, "given")));
        var options = SiloOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        Assert.Equal(SiloProfile.Postgres, options.Profile);
        Assert.Contains("Host=postgres;", options.Postgres, StringComparison.Ordinal);
        Assert.Matches(@"^\$\{CDP_ADMIN_KEY:\?.+\}$", environment.Text(OperatorKey.Variable));
        Assert.Equal("unless-stopped", service.Text("restart"));
        Assert.Equal("service_completed_successfully", service.Map("depends_on").Map("migrate").Text("condition"));
        Assert.True(TimeSpan.FromMinutes(int.Parse(service.Text("stop_grace_period").TrimEnd('m'), CultureInfo.InvariantCulture)).TotalSeconds >= options.DrainSeconds + 60);
        Assert.All(Strings(service["ports"]), port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));
        Assert.Equal([options.Port, options.HealthPort], Strings(service["ports"]).Select(port => int.Parse(port.Split(':')[^1], CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void The_Compose_file_migrates_the_database_that_the_silos_use()
    {
        var migrate = Service("migrate");
        var build = migrate.Map("build");
        var context = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Full(Compose))!, build.Text("context")));
        Assert.Equal((Repository.Root, Full(Dockerfile)), (context, Path.GetFullPath(Path.Combine(context, build.Text("dockerfile")))));
        Assert.Equal("service_healthy", migrate.Map("depends_on").Map("postgres").Text("condition"));

        // A node refuses settings that it does not know, such as the profile.
        Assert.Equal(["Cdp__Postgres"], migrate.Map("environment").Keys);
        Assert.Equal(Service("silo1").Map("environment").Text("Cdp__Postgres"), migrate.Map("environment").Text("Cdp__Postgres"));
        Assert.Equal(Service("silo1").Text("image"), migrate.Text("image"));
    }

    private static Dictionary<object, object> Service(string name) => Yaml.Read(Compose).Map("services").Map(name);

    private static IEnumerable<string> Strings(object list) => ((List<object>)list).Cast<string>();

    private static string Full(string path) => Path.GetFullPath(Path.Combine(Repository.Root, path));

    private static string AssemblyOf(string project) => Assert.Single(
        XDocument.Load(Assert.Single(Directory.EnumerateFiles(Full(project), "*.csproj"))).Descendants("AssemblyName")).Value + ".dll";

    [GeneratedRegex(@"^RUN dotnet publish (?<project>\S+) -c Release -o (?<folder>\S+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Publish();

    /// <summary>A variable that Compose puts in.</summary>
    [GeneratedRegex(@"\$\{[^}]+\}", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Given();
}
