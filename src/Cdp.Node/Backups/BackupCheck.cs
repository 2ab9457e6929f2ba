using System.Globalization;
using Cdp.Storage;
using Cdp.Storage.Sqlite;

namespace Cdp.Node.Backups;

/// <summary>What was found in a backup.</summary>
/// <param name="Manifest">What it says of itself.</param>
/// <param name="LogRecords">Sound records of the log.</param>
/// <param name="JournalBlocks">Sound commits of the state's journal.</param>
/// <param name="Damages">What is wrong; empty: nothing.</param>
/// <param name="Elapsed">Duration.</param>
internal sealed record BackupReport(BackupManifest Manifest, long LogRecords, long JournalBlocks, IReadOnlyList<FileDamage> Damages, TimeSpan Elapsed)
{
    /// <summary>Whether it can be restored.</summary>
    public bool IsWhole => Damages.Count == 0;
}

/// <summary>Reads a backup and leaves it as it is: every byte against the manifest, and every structure in it.</summary>
internal static class BackupCheck
{
    /// <summary>Reads everything.</summary>
    /// <exception cref="StorageException">It is no backup, or its manifest is damaged.</exception>
    public static async Task<BackupReport> RunAsync(string directory, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var manifest = await BackupManifest.ReadAsync(directory, cancellationToken);
        var damages = await CheckFilesAsync(directory, manifest, cancellationToken);
        var check = await StoreCheck.RunAsync(directory, cancellationToken);
        damages.AddRange(check.Damages);
        if (damages.Count == 0 && !check.Ends.SequenceEqual(manifest.PartitionEnds))
            damages.Add(new FileDamage(BackupManifest.FileName, "the log's partitions do not end where it says"));
        return new BackupReport(manifest, check.Records, check.Blocks, damages, time.GetElapsedTime(started));
    }

    /// <summary>Compares the files with what the manifest says of them.</summary>
    public static async Task<List<FileDamage>> CheckFilesAsync(string directory, BackupManifest manifest, CancellationToken cancellationToken)
    {
        var damages = new List<FileDamage>();
        foreach (var file in manifest.Files)
        {
            var path = Path.Combine(directory, file.Name);
            if (!File.Exists(path)) damages.Add(new FileDamage(file.Name, "it is missing"));
            else if (Difference(file, await FileHash.ReadAsync(path, cancellationToken)) is { } difference) damages.Add(new FileDamage(file.Name, difference));
        }

        var named = manifest.Files.Select(file => file.Name).Concat([BackupManifest.FileName, BackupManifest.HashFileName]).ToHashSet(StringComparer.Ordinal);
        damages.AddRange(Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).Where(name => !named.Contains(name)).Select(name => new FileDamage(name, "it does not belong to the backup")));
        return damages;
    }

    /// <summary>How a file is not what it was; null: it is.</summary>
    public static string? Difference(BackupFile expected, BackupFile found) =>
        found.Bytes != expected.Bytes ? string.Create(CultureInfo.InvariantCulture, $"it has {found.Bytes} bytes and had {expected.Bytes}")
        : found.Sha256 != expected.Sha256 ? "its bytes are not those that were written (SHA-256)"
        : null;
}
