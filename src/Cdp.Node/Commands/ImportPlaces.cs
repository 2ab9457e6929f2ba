using Cdp.Node.Import;

namespace Cdp.Node.Commands;

/// <summary>Where an import keeps its progress and its rejected lines.</summary>
/// <param name="Checkpoint">File for the progress.</param>
/// <param name="Rejects">File for the rejected lines.</param>
internal sealed record ImportPlaces(string Checkpoint, string Rejects)
{
    /// <summary>Chooses the files: in the folder named, else beside the data, else (it cannot be written) in the current folder.</summary>
    /// <param name="data">The data's path; null for the standard input.</param>
    /// <param name="folder">The folder named, or null.</param>
    /// <param name="rejects">The file named for rejected lines, or null.</param>
    public static ImportPlaces For(string? data, string? folder, string? rejects)
    {
        if (folder is not null)
            Directory.CreateDirectory(folder);
        var name = data is null ? "stdin" : Path.GetFileName(data);
        var place = folder ?? Beside(data) ?? Directory.GetCurrentDirectory();
        return new ImportPlaces(
            Path.Combine(place, name + CheckpointFile.Extension),
            rejects ?? Path.Combine(place, name + ".rejects.csv"));
    }

    private static string? Beside(string? data)
    {
        if (data is null)
            return null;
        var folder = Path.GetDirectoryName(Path.GetFullPath(data))!;
        try
        {
            // Only a write tells whether one may write.
            using var probe = new FileStream(
                Path.Combine(folder, Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            return folder;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return null;
        }
    }
}
