using Cdp.Node.Tests;

namespace Cdp.House.Tests;

/// <summary>What is on disk is what is built.</summary>
public sealed class SolutionTests
{
    public static TheoryData<string> All => [.. Projects.OnDisk];

    public static TheoryData<string> OfSingleNode => [.. Projects.OnDisk.Except(Projects.OfCluster)];

    [Fact]
    public void The_solution_holds_every_project() => Assert.Equal(Projects.OnDisk, Projects.OfSolution("Orleans.Cdp.sln"));

    [Fact]
    public void The_single_node_filter_holds_every_project_that_builds_without_Orleans() =>
        Assert.Equal(Projects.OnDisk.Except(Projects.OfCluster), Projects.OfFilter("SingleNode.slnf"));

    [Fact]
    public void What_needs_Orleans_is_the_engine_the_silo_their_tests_and_their_benchmarks() => Assert.Equal(
        [
            "bench/Cdp.Bench.Cluster/Cdp.Bench.Cluster.csproj", "src/Cdp.Azure/Cdp.Azure.csproj", "src/Cdp.Orleans/Cdp.Orleans.csproj", "src/Cdp.Silo/Cdp.Silo.csproj",
            "tests/Cdp.Orleans.Tests/Cdp.Orleans.Tests.csproj",
            "tests/Cdp.Silo.Tests/Cdp.Silo.Tests.csproj",
        ],
        Projects.OfCluster);

    [Theory]
    [MemberData(nameof(OfSingleNode))]
    public void Every_project_locks_its_packages(string project) =>
        Assert.True(
            File.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(project)!, "packages.lock.json")),
            $"{project} has no packages.lock.json: run `dotnet restore {project}` and commit it.");

    [Theory]
    [MemberData(nameof(All))]
    public void Versions_of_packages_stand_in_one_place(string project) =>
        Assert.DoesNotContain(
            Projects.Load(project).Descendants("PackageReference"),
            package => package.Attribute("Version") is not null || package.Attribute("VersionOverride") is not null);

    [Fact]
    public void Every_source_project_has_tests()
    {
        // Served by the tests of the two ends that use it, over real sockets, and by those of the silo, which it is a part of.
        string[] elsewhere = ["Cdp.Client", "Cdp.Azure"];
        Assert.DoesNotContain(Projects.InSource.Except(elsewhere), name => !Projects.OnDisk.Contains($"tests/{name}.Tests/{name}.Tests.csproj"));
    }
}
