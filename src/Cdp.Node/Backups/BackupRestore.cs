using Cdp.Grains.Ports;
using Cdp.Storage;
using Cdp.Storage.Sqlite;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Node.Backups;

/// <summary>What a restore did.</summary>
/// <param name="Manifest">What the backup says of itself.</param>
/// <param name="Directory">The data directory.</param>
/// <param name="Erasures">Erasures that the node is told of at its start; null: it is told of none.</param>
/// <param name="Elapsed">Duration.</param>
internal sealed record RestoreReport(BackupManifest Manifest, string Directory, int? Erasures, TimeSpan Elapsed);

/// <summary>
/// Makes a data directory of a backup. It is made beside and gets its name when it is whole and on disk: whoever is interrupted
/// finds no directory of that name, and begins again.
/// </summary>
/// <param name="backup">Directory of the backup.</param>
/// <param name="target">The data directory; it is not there, or empty.</param>
/// <param name="ledger">The file of erasures; null: none are carried out again.</param>
/// <param name="time">The clock.</param>
/// <param name="steps">Hears of steps.</param>
internal sealed class BackupRestore(string backup, string target, string? ledger, TimeProvider time, IStepObserver steps)
{
    private const string Unfinished = ".restoring";

    /// <summary>Restores.</summary>
    /// <exception cref="StorageException">The backup is damaged, or there is something in the target; nothing was changed.</exception>
    public async Task<RestoreReport> RunAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var (directory, making) = (Path.GetFullPath(target), Path.TrimEndingDirectorySeparator(Path.GetFullPath(target)) + Unfinished);
        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
            throw new StorageException($"'{directory}' is not empty; a restore does not overwrite anything. Name a directory that is not there, or move this one away.");
        var manifest = await BackupManifest.ReadAsync(backup, cancellationToken);
        var damages = await BackupCheck.CheckFilesAsync(backup, manifest, cancellationToken);
        if (damages.Count > 0) throw new StorageException($"The backup is damaged: {damages[0].File}: {damages[0].What}. Nothing was restored; take another backup.");
        int? erasures = ledger is null ? null : (await ErasureLedgerFile.ReadAsync(ledger, cancellationToken)).Count;

        if (Directory.Exists(making)) Directory.Delete(making, recursive: true);
        Directory.CreateDirectory(making);
        await CopyAsync(manifest, making, cancellationToken);
        steps.Reached(RecoverySteps.RestoreCopied);
        if (Directory.Exists(directory)) Directory.Delete(directory);
        Directory.Move(making, directory);
        DiskFlush.Directory(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(directory))!);
        steps.Reached(RecoverySteps.RestoreMoved);
        return new RestoreReport(manifest, directory, erasures, time.GetElapsedTime(started));
    }

    private async Task CopyAsync(BackupManifest manifest, string making, CancellationToken cancellationToken)
    {
        foreach (var file in manifest.Files)
        {
            var copied = await FileHash.CopyAsync(Path.Combine(backup, file.Name), Path.Combine(making, file.Name), cancellationToken);
            if (BackupCheck.Difference(file, copied) is { } difference) throw new StorageException($"{file.Name} changed while it was copied: {difference}.");
            steps.Reached(RecoverySteps.RestoreFileCopied);
        }

        // Tokens of events that came after the backup must not wait for others that stand at their positions now.
        await SqliteStore.RenameLogAsync(making, Guid.NewGuid().ToString("N"));
        if (ledger is not null) await FileHash.CopyAsync(ledger, Path.Combine(making, ErasuresAgain.FileName), cancellationToken);
        DiskFlush.Directory(making);
    }
}
