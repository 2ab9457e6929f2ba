using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>A process of its own that appends and says what was acknowledged, a line each: to be watched and killed.</summary>
internal static class AppendingChild
{
    public const string Command = "--append";

    public const int Partitions = 4;

    /// <summary>Acknowledgement of a log record: partition, position, payload.</summary>
    public const string LogAck = "ack-log";

    /// <summary>Acknowledgement of a history entry: key, sequence, bytes.</summary>
    public const string HistoryAck = "ack-history";

    /// <summary>Acknowledgement of a state: key, tag, value.</summary>
    public const string StateAck = "ack-state";

    /// <summary>Acknowledgement of a rewritten history entry: key, sequence, bytes.</summary>
    public const string RewriteAck = "ack-rewrite";

    /// <summary>How to start the child.</summary>
    /// <param name="directory">Where it appends.</param>
    /// <param name="count">Appends of each writer.</param>
    /// <param name="writers">Writers at the same time.</param>
    /// <param name="memtable">Bytes of a memtable.</param>
    /// <param name="wrapper">A program that runs it, with its arguments.</param>
    public static ProcessStartInfo StartInfo(string directory, int count, int writers, int memtable, params string[] wrapper)
    {
        string[] arguments = [Command, directory, count.ToString(CultureInfo.InvariantCulture), writers.ToString(CultureInfo.InvariantCulture), memtable.ToString(CultureInfo.InvariantCulture)];
        return StartInfo(arguments, wrapper);
    }

    /// <summary>How to start this program with other arguments.</summary>
    public static ProcessStartInfo StartInfo(string[] arguments, params string[] wrapper)
    {
        var program = Path.Combine(AppContext.BaseDirectory, typeof(AppendingChild).Assembly.GetName().Name + (OperatingSystem.IsWindows() ? ".exe" : ""));
        string[] command = [.. wrapper, program, .. arguments];
        return new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
    }

    /// <summary>Whether an entry is rewritten after it was appended.</summary>
    public static bool Rewrites(long writer, long entry) => writer % 2 == 1 && entry % 4 == 3;

    /// <summary>What is written in the place of an entry.</summary>
    public static string Rewritten(string name) => name.Replace('.', '!');

    public static async Task<int> RunAsync(string directory, int count, int writers, int memtable)
    {
        await using var output = Console.OpenStandardOutput();
        await using var store = await SqliteStore.OpenAsync(directory, new SqliteStoreOptions { Partitions = Partitions, MemtableBytes = memtable });
        var gate = new Lock();
        void Say(string line)
        {
            // One write a line, so that a kill leaves whole lines.
            lock (gate) output.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }

        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var key = $"tenant/{writer}";
            var tag = (await store.State.ReadAsync("kind", key, default)).Tag;
            var next = await store.History.LengthAsync(key, default);
            for (var i = 0; i < count; i++, next++)
            {
                var (partition, name) = ((writer + i) % Partitions, $"{writer}.{next}");
                var position = await store.Log.AppendAsync(partition, [Bytes.Record("tenant", name)], default);
                Say($"{LogAck} {partition} {position} {name}");
                if (!await store.History.AppendAsync(key, next, 1, Bytes.Of(name), default)) throw new InvalidOperationException("Fenced.");
                Say($"{HistoryAck} {key} {next} {name}");
                tag = await store.State.WriteAsync("kind", key, Bytes.Of(name), tag, default) ?? throw new InvalidOperationException("Another wrote.");
                Say($"{StateAck} {key} {tag} {name}");
                if (!Rewrites(writer, next)) continue;
                if (!await store.History.RewriteAsync(key, next, 1, Bytes.Of(Rewritten(name)), default)) throw new InvalidOperationException("There is no such slice.");
                Say($"{RewriteAck} {key} {next} {Rewritten(name)}");
            }
        })));
        return 0;
    }
}
