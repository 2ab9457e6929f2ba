using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>A process of its own that appends enough for pages to be moved, and ends when they are: to be watched.</summary>
internal static class MovingChild
{
    public const string Command = "--move";

    /// <summary>Pages that its records need.</summary>
    public const int Pages = 700;

    public static async Task<int> RunAsync(string directory)
    {
        await using var store = await SqliteStore.OpenAsync(directory, new SqliteStoreOptions { Partitions = 1, CheckpointBytes = 1 << 20 });
        LogRecord[] records = [.. Enumerable.Range(0, Pages).Select(i => Bytes.Record("tenant", i.ToString(CultureInfo.InvariantCulture).PadRight(4000, '.')))];
        await store.Log.AppendAsync(0, records, default);
        var file = new FileInfo(Path.Combine(directory, "log.db"));
        while (file.Length < (Pages - 40) * 4096L)
        {
            await Task.Yield();
            file.Refresh();
        }

        return 0;
    }
}
