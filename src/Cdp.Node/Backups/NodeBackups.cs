using System.Globalization;
using Cdp.Gateway.Operations;
using Cdp.Storage.Sqlite;
using Cdp.V1;

namespace Cdp.Node.Backups;

/// <summary>Makes backups of the store that this node has open.</summary>
/// <param name="store">The store.</param>
/// <param name="directory">Where they go; null: nowhere.</param>
/// <param name="sync">Brings the notes about erasures up to date.</param>
/// <param name="time">The clock.</param>
internal sealed class NodeBackups(SqliteStore store, BackupDirectory? directory, Func<CancellationToken, Task> sync, TimeProvider time) : IBackups, IDisposable
{
    private readonly SemaphoreSlim _one = new(1);

    private static string ProductVersion { get; } = typeof(NodeBackups).Assembly.GetName().Version!.ToString(3);

    /// <inheritdoc/>
    public async ValueTask<BackupOutcome> CreateAsync(string name, CancellationToken cancellationToken)
    {
        if (directory is null) return new BackupOutcome(null, BackupRefusal.Off);
        if (!await _one.WaitAsync(TimeSpan.Zero, cancellationToken)) return new BackupOutcome(null, BackupRefusal.Running);
        try
        {
            var now = time.GetUtcNow();
            if (name.Length == 0) name = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
            return directory.Has(name)
                ? new BackupOutcome(null, BackupRefusal.NameTaken)
                : new BackupOutcome(await CreateAsync(directory, name, now, cancellationToken), null);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Backup>?> ListAsync(CancellationToken cancellationToken) =>
        directory is null ? null : [.. (await directory.ReadAsync(cancellationToken)).Select(found => found.Manifest.Describe(found.Name))];

    public void Dispose() => _one.Dispose();

    private async Task<Backup> CreateAsync(BackupDirectory target, string name, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        await sync(cancellationToken);
        var path = target.Begin(name);
        try
        {
            var ends = await store.CopyAsync(path, cancellationToken);
            var files = new List<BackupFile>();
            foreach (var file in Directory.GetFiles(path).Order(StringComparer.Ordinal)) files.Add(await FileHash.ReadAsync(file, cancellationToken));
            var manifest = new BackupManifest
            {
                Format = BackupManifest.CurrentFormat,
                ProductVersion = ProductVersion,
                CreatedAt = now,
                Seconds = Math.Round(time.GetElapsedTime(started).TotalSeconds, 3),
                LogEpoch = store.Log.Epoch,
                PartitionEnds = ends,
                LogRecords = ends.Sum(),
                Files = files,
            };
            await manifest.WriteAsync(path, cancellationToken);
            target.Finish(name);
            return manifest.Describe(name);
        }
        catch
        {
            target.Discard(name);
            throw;
        }
    }
}
