using Cdp.Storage;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Node.Backups;

/// <summary>The directory that backups are in, each a directory of its own.</summary>
internal sealed class BackupDirectory : IDisposable
{
    /// <summary>What the name of a backup ends with while it is made.</summary>
    public const string Unfinished = ".partial";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _path;
    private readonly FileStream _lock;

    /// <summary>Takes the directory, and makes it where there is none.</summary>
    /// <exception cref="IOException">It cannot be made, or another server has it.</exception>
    public BackupDirectory(string path)
    {
        _path = Path.GetFullPath(path);
        Make(_path);
        try
        {
            _lock = new FileStream(Path.Combine(_path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new IOException($"the directory '{_path}' cannot be taken; each server needs one of its own: {e.Message}", e);
        }
    }

    /// <summary>Path of what is noted about erasures.</summary>
    public string Ledger => Path.Combine(_path, ErasureLedgerFile.FileName);

    public bool Has(string name) => Directory.Exists(Path.Combine(_path, name));

    /// <summary>Makes a directory for a backup that begins, without what an earlier attempt left.</summary>
    public string Begin(string name)
    {
        var path = Path.Combine(_path, name + Unfinished);
        Discard(name);
        Make(path);
        return path;
    }

    /// <summary>Gives a backup its name: from then on it is there, also after a power cut.</summary>
    public void Finish(string name)
    {
        var path = Path.Combine(_path, name + Unfinished);
        DiskFlush.Directory(path);
        Directory.Move(path, Path.Combine(_path, name));
        DiskFlush.Directory(_path);
    }

    /// <summary>Removes what is there of a backup that was not finished.</summary>
    public void Discard(string name)
    {
        var path = Path.Combine(_path, name + Unfinished);
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }

    /// <summary>Reads the manifests of all backups.</summary>
    public async Task<List<(string Name, BackupManifest Manifest)>> ReadAsync(CancellationToken cancellationToken)
    {
        var found = new List<(string Name, BackupManifest Manifest)>();
        foreach (var path in Directory.GetDirectories(_path))
        {
            if (path.EndsWith(Unfinished, StringComparison.Ordinal) || !File.Exists(Path.Combine(path, BackupManifest.FileName))) continue;
            try
            {
                found.Add((Path.GetFileName(path), await BackupManifest.ReadAsync(path, cancellationToken)));
            }
            catch (StorageException)
            {
                // Not one to restore: "cdp verify" says what is wrong with it.
            }
        }

        found.Sort((a, b) => (a.Manifest.CreatedAt, a.Name).CompareTo((b.Manifest.CreatedAt, b.Name)));
        return found;
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>What is in it says everything about everybody: others of the machine have no business there.</summary>
    private static void Make(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, OwnerOnly);
    }
}
