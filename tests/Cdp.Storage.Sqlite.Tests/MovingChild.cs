using System.Diagnostics.Metrics;
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
        var failures = 0;
        using var meters = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name == "cdp.storage.checkpoint_failures") listener.EnableMeasurementEvents(instrument);
            },
        };
        meters.SetMeasurementEventCallback<long>((_, _, _, _) => Interlocked.Increment(ref failures));
        meters.Start();
        await using var store = await SqliteStore.OpenAsync(directory, new SqliteStoreOptions { Partitions = 1, CheckpointBytes = 1 << 20 });
        LogRecord[] records = [.. Enumerable.Range(0, Pages).Select(i => Bytes.Record("tenant", i.ToString(CultureInfo.InvariantCulture).PadRight(4000, '.')))];
        await store.Log.AppendAsync(0, records, default);
        var file = new FileInfo(Path.Combine(directory, "log.db"));
        for (var seen = 0; file.Length < (Pages - 40) * 4096L; file.Refresh())
        {
            await Task.Yield();
            if (Volatile.Read(ref failures) == seen) continue;

            // Pages that could not be moved are moved when more is written.
            seen++;
            await store.Log.AppendAsync(0, records, default);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{failures} failures"));
        return 0;
    }
}
