using Cdp.Grains.Tenants;
using Cdp.Storage;
using Cdp.Storage.Postgres;
using Cdp.Storage.Sqlite;

namespace Cdp.Node.Hosting;

/// <summary>Where a node's data is: in files, or in a PostgreSQL database.</summary>
internal static class NodeStore
{
    private const int TenantsAtOnce = 1_000;

    /// <summary>Opens the store that the settings name.</summary>
    /// <exception cref="StorageException">It cannot be opened, or another process has it.</exception>
    public static Task<IStore> OpenAsync(NodeOptions options, CancellationToken cancellationToken) => OpenAsync(options, newEpoch: null, cancellationToken);

    /// <summary>The place that a text names: a directory, or the URL of a PostgreSQL database.</summary>
    public static NodeOptions At(string text, NodeOptions settings) =>
        (PostgresAddress.IsUrl(text) ? settings with { Postgres = text } : settings with { DataDirectory = text, Postgres = null }).Checked();

    /// <summary>Makes a store with a log of a given name, unless there is one.</summary>
    /// <exception cref="StorageException">It cannot be made, or has another number of partitions.</exception>
    public static async Task<IStore> MakeAsync(NodeOptions place, int partitions, string epoch, CancellationToken cancellationToken)
    {
        if (place.Postgres is not null) await PostgresSchema.MigrateAsync(PostgresAddress.Parse(place.Postgres), PostgresSchema.DefaultName, partitions, epoch, cancellationToken);
        return await OpenAsync(place with { Partitions = partitions }, epoch, cancellationToken);
    }

    /// <summary>The tenants of a store, in ordinal order.</summary>
    public static async Task<IReadOnlyList<string>> TenantsAsync(IStore store, CancellationToken cancellationToken)
    {
        var tenants = new List<string>();
        while (await store.Maintenance.StateKeysAsync(TenantGrain.StateKind, tenants.LastOrDefault(""), TenantsAtOnce, cancellationToken) is { Count: > 0 } page) tenants.AddRange(page);
        return tenants;
    }

    /// <summary>What messages call it: a directory, or host, port and database.</summary>
    public static string Name(NodeOptions options) =>
        options.Postgres is null ? Path.GetFullPath(options.DataDirectory) : PostgresAddress.Show(PostgresAddress.Parse(options.Postgres));

    /// <summary>Whether there is anything to open; a database says so itself.</summary>
    public static bool Exists(NodeOptions options) => options.Postgres is not null || File.Exists(Path.Combine(options.DataDirectory, "state.db"));

    /// <summary>What its opening made good, in lines for the operator.</summary>
    public static IEnumerable<string> Healed(IStore store)
    {
        if (store is not SqliteStore { Recovery: var recovery }) yield break;
        foreach (var row in recovery.Healed)
            yield return $"healed the log's end: partition {row.Partition}, position {row.First}, {row.Count} records, {row.Lost} lost ({row.Reason})";
        if (recovery.Journal.TornBytes is > 0 and var torn)
            yield return $"healed the state's journal: cut off {torn} bytes of a commit that a crash interrupted, and of which nobody was told";
    }

    private static async Task<IStore> OpenAsync(NodeOptions options, string? newEpoch, CancellationToken cancellationToken)
    {
        var patience = TimeSpan.FromMilliseconds(options.AsyncWriteMilliseconds);
        return options.Postgres is null
            ? await SqliteStore.OpenAsync(options.DataDirectory, new SqliteStoreOptions { Partitions = options.Partitions, Epoch = newEpoch, WritePatience = patience })
            : await PostgresStore.OpenAsync(
                PostgresAddress.Parse(options.Postgres), new PostgresStoreOptions { Partitions = options.Partitions, WritePatience = patience }, cancellationToken);
    }
}
