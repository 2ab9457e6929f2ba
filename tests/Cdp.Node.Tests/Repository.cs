namespace Cdp.Node.Tests;

/// <summary>Finds files of the repository and public data beside it.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string RetailMapping => Path.Combine(Root, "samples", "retail", "online-retail.json");

    public static string RetailSegments => Path.Combine(Root, "samples", "retail", "segments.jsonl");

    public static string RetailActions => Path.Combine(Root, "samples", "retail", "actions.jsonl");

    public static string RetailPlacements => Path.Combine(Root, "samples", "retail", "placements.jsonl");

    /// <summary>Path of a file of public data, whether it exists or not: under CDP_DATA, else ../shared/data.</summary>
    public static string Data(string name)
    {
        var folder = Environment.GetEnvironmentVariable("CDP_DATA") is { Length: > 0 } set ? set : Path.Combine("..", "shared", "data");
        return Path.GetFullPath(Path.Combine(Root, folder, name));
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Orleans.Cdp.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside of the repository.");
        return folder;
    }
}
