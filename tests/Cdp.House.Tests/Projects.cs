using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Cdp.Node.Tests;

namespace Cdp.House.Tests;

/// <summary>The projects of the repository, read from their files.</summary>
internal static partial class Projects
{
    private static readonly string[] Rooms = ["src", "tests", "bench", "samples"];

    /// <summary>Paths of all projects on disk, from the root, with slashes.</summary>
    public static IReadOnlyList<string> OnDisk { get; } =
    [
        .. Rooms.Select(room => Path.Combine(Repository.Root, room)).Where(Directory.Exists)
            .SelectMany(room => Directory.EnumerateFiles(room, "*.csproj", SearchOption.AllDirectories))
            .Where(path => !IsOutput(path))
            .Select(Relative)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Names of the projects below src.</summary>
    public static IEnumerable<string> InSource => OnDisk.Where(path => path.StartsWith("src/", StringComparison.Ordinal)).Select(Name);

    /// <summary>
    /// Paths of the projects that need packages of Microsoft Orleans, themselves or through others. They are in the solution
    /// alone, since a copy of the registry may lack these packages.
    /// </summary>
    public static IReadOnlyList<string> OfCluster { get; } = [.. OnDisk.Where(NeedsOrleans)];

    /// <summary>Projects of a solution.</summary>
    public static IEnumerable<string> OfSolution(string name) =>
        ProjectOfSolution().Matches(File.ReadAllText(Path.Combine(Repository.Root, name))).Select(match => match.Groups["path"].Value.Replace('\\', '/')).Order(StringComparer.Ordinal);

    /// <summary>Projects of a solution filter.</summary>
    public static IEnumerable<string> OfFilter(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, name)));
        return [.. json.RootElement.GetProperty("solution").GetProperty("projects").EnumerateArray().Select(path => path.GetString()!.Replace('\\', '/')).Order(StringComparer.Ordinal)];
    }

    /// <summary>The project's XML.</summary>
    public static XElement Load(string path) => XElement.Load(Path.Combine(Repository.Root, path));

    /// <summary>Names of the projects that a project below src refers to, directly.</summary>
    public static IEnumerable<string> ReferencesOf(string name) =>
        Load($"src/{name}/{name}.csproj").Descendants("ProjectReference").Select(reference => Name(reference.Attribute("Include")!.Value));

    /// <summary>The C# files of a project below src, generated ones left out.</summary>
    public static IEnumerable<string> Sources(string name) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", name), "*.cs", SearchOption.AllDirectories).Where(path => !IsOutput(path));

    /// <summary>A path as people write it: from the root, with slashes.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/');

    /// <summary>A project's name.</summary>
    public static string Name(string path) => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'));

    /// <summary>Whether a file was made by a build.</summary>
    public static bool IsOutput(string path) =>
        Relative(path).Split('/').Any(part => part is "bin" or "obj" or "node_modules");

    private static bool NeedsOrleans(string path)
    {
        var project = Load(path);
        return project.Descendants("PackageReference").Any(package => package.Attribute("Include")!.Value.StartsWith("Microsoft.Orleans.", StringComparison.Ordinal))
            || project.Descendants("ProjectReference")
                .Select(reference => Relative(Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(path)!, reference.Attribute("Include")!.Value.Replace('\\', '/')))))
                .Any(NeedsOrleans);
    }

    [GeneratedRegex("\"(?<path>[^\"]+\\.csproj)\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex ProjectOfSolution();
}
