using System.Text.Json;

namespace Cdp.Node.Import;

/// <summary>Keeps the progress of one import in a small file, replaced as a whole.</summary>
public sealed class CheckpointFile
{
    /// <summary>What the file's name ends with.</summary>
    public const string Extension = ".cdp-import";

    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Names the file; nothing is made yet.</summary>
    public CheckpointFile(string path)
    {
        Path = path;
    }

    /// <summary>Where the progress is kept.</summary>
    public string Path { get; }

    /// <summary>Reads the progress of the import with this fingerprint; null if there is none.</summary>
    public Checkpoint? Read(string fingerprint)
    {
        try
        {
            var read = JsonSerializer.Deserialize<Checkpoint>(File.ReadAllBytes(Path), Layout);
            return string.Equals(read?.Fingerprint, fingerprint, StringComparison.Ordinal) ? read : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            // A file that cannot be read means no progress: sending again changes nothing, since ids stay the same.
            return null;
        }
    }

    /// <summary>Replaces the progress.</summary>
    /// <exception cref="ImportException">It cannot be written.</exception>
    public void Write(Checkpoint checkpoint)
    {
        var next = Path + ".next";
        try
        {
            File.WriteAllBytes(next, JsonSerializer.SerializeToUtf8Bytes(checkpoint, Layout));
            File.Move(next, Path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImportException($"The progress cannot be written to {Path}: {e.Message} Name another folder with --state, or import with --no-resume.", e);
        }
    }

    /// <summary>Removes the progress of an import that is done.</summary>
    public void Delete() => File.Delete(Path);
}
