namespace Cdp.Storage.Sqlite.Tests;

/// <summary>Files of a store as a crash would leave them.</summary>
internal static class Files
{
    /// <summary>Path of the only segment of the journal.</summary>
    public static string Journal(TemporaryDirectory directory) => Assert.Single(Directory.GetFiles(directory.Path, "state.db.journal-*"));

    /// <summary>Copies everything but the lock.</summary>
    public static async Task CopyAsync(TemporaryDirectory from, TemporaryDirectory to)
    {
        foreach (var path in Directory.GetFiles(from.Path).Where(p => !p.EndsWith("lock", StringComparison.Ordinal) && !p.EndsWith("-shm", StringComparison.Ordinal)))
        {
            await File.WriteAllBytesAsync(to[Path.GetFileName(path)], Read(path));
        }
    }

    /// <summary>Copies everything but the lock, and gives the journal other bytes.</summary>
    public static async Task ReplaceAsync(TemporaryDirectory from, TemporaryDirectory to, byte[] journal)
    {
        foreach (var path in Directory.GetFiles(to.Path)) File.Delete(path);
        await CopyAsync(from, to);
        await File.WriteAllBytesAsync(Journal(to), journal);
    }

    /// <summary>Reads a file that a store has open.</summary>
    public static byte[] Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
