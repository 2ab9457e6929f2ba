using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.Sqlite.Log;
using Cdp.Storage.Sqlite.State;

namespace Cdp.Storage.Sqlite;

/// <summary>What is wrong with a file.</summary>
/// <param name="File">Its name.</param>
/// <param name="What">What is wrong.</param>
public sealed record FileDamage(string File, string What);

/// <summary>What the files of a copy hold.</summary>
/// <param name="Ends">Position after the last record of each partition; empty where the log cannot be read.</param>
/// <param name="Records">Sound records of the log.</param>
/// <param name="Blocks">Sound commits of the state's journal.</param>
/// <param name="Damages">What is wrong, in the order of the files.</param>
public sealed record StoreCheck(IReadOnlyList<long> Ends, long Records, long Blocks, IReadOnlyList<FileDamage> Damages)
{
    private const string AllIsWell = "ok";

    /// <summary>Reads every byte of a copy that no store has open, and leaves it as it is.</summary>
    public static Task<StoreCheck> RunAsync(string directory, CancellationToken cancellationToken) => Task.Run(() => Run(directory, cancellationToken), cancellationToken);

    private static StoreCheck Run(string directory, CancellationToken cancellationToken)
    {
        var damages = new List<FileDamage>();
        (long[] Ends, long Records) log = ([], 0);
        var merged = 0L;
        var blocks = 0L;
        Try(SqliteStore.LogFile, () => log = CheckLog(Path.Combine(directory, SqliteStore.LogFile), damages, cancellationToken), damages);
        Try(SqliteStore.StateFile, () => merged = CheckState(Path.Combine(directory, SqliteStore.StateFile), damages), damages);
        var segments = Directory.GetFiles(directory, SqliteStore.StateFile + StateJournal.Infix + "*");
        Array.Sort(segments, StringComparer.Ordinal);
        var next = merged + 1;
        foreach (var path in segments)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Try(Path.GetFileName(path), () => blocks += CheckSegment(path, ref next, damages), damages);
        }

        return new StoreCheck(log.Ends, log.Records, blocks, damages);
    }

    private static void Try(string file, Action check, List<FileDamage> damages)
    {
        try
        {
            check();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            damages.Add(new FileDamage(file, e.Message));
        }
    }

    private static (long[] Ends, long Records) CheckLog(string path, List<FileDamage> damages, CancellationToken cancellationToken)
    {
        using var database = Open(path, damages);
        var (format, partitions, _) = LogSchema.ReadMeta(database, path);
        var ends = new long[partitions];
        var records = 0L;
        var isSound = true;
        for (var partition = 0; partition < partitions; partition++)
        {
            var rows = database.Prepare(LogSchema.Rows(format, partition));
            while (rows.Step())
            {
                cancellationToken.ThrowIfCancellationRequested();
                var first = rows.Integer(0);
                var sound = CheckRow(partition, first, ends[partition], rows.Bytes(2), out var what);
                if (sound is not null && sound != rows.Integer(1)) what = "the row and its block disagree about the count";
                if (what.Length > 0 && isSound) damages.Add(new FileDamage(SqliteStore.LogFile, $"partition {partition}, position {first}: {what}"));
                isSound &= what.Length == 0;
                ends[partition] = first + rows.Integer(1);
                records += sound ?? 0;
            }
        }

        return (ends, records);
    }

    /// <summary>Checks a row; returns its records, null where one is damaged.</summary>
    private static int? CheckRow(int partition, long first, long expected, ReadOnlySpan<byte> block, out string what)
    {
        what = LogBlock.RecordMissing;
        if (first != expected || LogBlock.TryOpen(block.ToArray(), partition, first, out what) is not { } view) return null;
        what = Enumerable.Range(0, view.Count).All(i => view.TryRead(i, out _)) ? "" : LogBlock.PayloadDamaged;
        return what.Length == 0 ? view.Count : null;
    }

    /// <summary>Checks the database; returns the number of the last block that it has.</summary>
    private static long CheckState(string path, List<FileDamage> damages)
    {
        using var database = Open(path, damages);
        return database.Scalar("SELECT merged FROM meta") ?? throw new StorageException($"{path}: the table meta is empty.");
    }

    private static Database Open(string path, List<FileDamage> damages)
    {
        var database = Database.OpenUntouched(path);
        return database.Give(d =>
        {
            var found = d.Prepare("PRAGMA quick_check(1)");
            if (found.Step() && found.Text(0) is var text and not AllIsWell) damages.Add(new FileDamage(Path.GetFileName(path), text));
            found.Reset();
            return d;
        });
    }

    /// <summary>Checks a segment of the journal; returns its blocks.</summary>
    private static long CheckSegment(string path, ref long next, List<FileDamage> damages)
    {
        var (name, file) = (Path.GetFileName(path), File.ReadAllBytes(path));
        if (JournalFormat.ReadHeader(path, file) is not { } header || header.First > next)
        {
            damages.Add(new FileDamage(name, "it does not follow from the files before it"));
            return 0;
        }

        var (at, sequence) = (JournalFormat.HeaderSize, header.First);
        for (; at < file.Length; sequence++)
        {
            if (JournalFormat.ReadBlock(file.AsSpan(at), header.Salt) is not { } block || block.Sequence != sequence)
            {
                damages.Add(new FileDamage(name, $"it is damaged at byte {at}"));
                break;
            }

            at += JournalFormat.BlockHeaderSize;
            ChangeFormat.Read(file, 0, at, at + block.Length, static _ => { });
            at += block.Length;
        }

        next = Math.Max(next, sequence);
        return sequence - header.First;
    }
}
