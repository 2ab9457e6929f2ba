namespace Cdp.Domain.Tests;

/// <summary>Finds the repository, whose documents and neighbouring data the tests read.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Orleans.Cdp.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside of the repository.");
        return folder;
    }
}
