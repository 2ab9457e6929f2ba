using System.Diagnostics.Metrics;
using Cdp.Grains.Ports;
using Cdp.Storage.Log;
using Cdp.Storage.Sqlite.Backups;
using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.Sqlite.Log;
using Cdp.Storage.Sqlite.State;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite;

/// <summary>
/// The embedded store: a directory with log.db (events) and state.db with its journal (state, histories, customer ids),
/// so that an acknowledgement never waits behind snapshots. Both flush to disk at each commit; concurrent writes share
/// commits.
/// </summary>
/// <remarks>Why the files look as they do: docs/decisions/0003-storage-layout.md.</remarks>
public sealed class SqliteStore : IStore
{
    /// <summary>
    /// Read connections that are kept a file. A thread that loses its processor while it reads keeps its connection, so more
    /// are in use at times than there are processors; to open one more and close it again costs as much as dozens of reads.
    /// </summary>
    private const int IdleReaders = 16;

    /// <summary>Name of the events' file.</summary>
    internal const string LogFile = "log.db";

    /// <summary>Name of the state's file; its journal lies beside it.</summary>
    internal const string StateFile = "state.db";

    private readonly DirectoryLock _lock;
    private readonly Meter _meter;
    private readonly GroupCommitter<LogWriteTarget> _logWriter;
    private readonly GroupCommitter<StateWriteTarget> _stateWriter;
    private readonly ReaderPool<LogReader> _logReaders;
    private readonly ReaderPool<StateReader> _stateReaders;
    private readonly Checkpointer _logCheckpointer;
    private readonly StateView _view;
    private readonly StateJournal _journal;
    private readonly StateMerger _merger;
    private readonly PageScrubber _scrubber;
    private readonly LiveCopy _copy;
    private bool _disposed;

    private SqliteStore(string directory, SqliteStoreOptions options, DirectoryLock directoryLock)
    {
        _lock = directoryLock;
        string logPath = Path.Combine(directory, LogFile), statePath = Path.Combine(directory, StateFile);
        Database Writer(string path) => Database.Open(path, options.WriterCacheBytes, options.MaxPages);
        Database Reader(string path) => Database.Open(path, options.ReaderCacheBytes, options.MaxPages);

        int partitions;
        string epoch;
        List<HealedRow> healed;
        using (var log = Writer(logPath))
        {
            (partitions, epoch) = LogSchema.Open(log, logPath, options.Partitions, options.Epoch);
            healed = LogTail.Heal(log, partitions);
        }

        long starts, merged;
        using (var state = Writer(statePath)) (starts, merged) = StateSchema.Open(state, statePath);
        var tables = new StateTables(options.MemtableBytes);
        var replay = new JournalReplay(statePath, tables, merged);
        Recovery = new RecoveryReport(healed, replay.Run());
        _journal = new StateJournal(statePath, replay.Last + 1);
        tables.Active.Segments.Add(_journal.Segment);

        // Who listens can tell the stores of one process apart.
        _meter = new Meter("Cdp.Storage.Sqlite", version: null, tags: null, scope: this);
        FileMetrics logMetrics = new(_meter, "log"), stateMetrics = new(_meter, "state");
        var writing = new WriterOptions(options.TransactionBytes, options.QueueBytes, options.WritePatience);
        var ends = new long[partitions];
        _logReaders = new(() => Reader(logPath).Give(d => new LogReader(d, partitions)), IdleReaders);
        _logCheckpointer = new("log.db", () => Reader(logPath), options.CheckpointBytes, logMetrics);
        _logWriter = new("log.db", () => Writer(logPath).Give(d => new LogWriteTarget(d, ends, _logCheckpointer, logMetrics)), writing, logMetrics);

        _stateReaders = new(() => Reader(statePath).Give(d => new StateReader(d)), IdleReaders);
        var hints = new LengthHints();
        _view = new StateView(tables, _stateReaders, hints);
        _scrubber = new PageScrubber(statePath);
        _merger = new StateMerger(statePath, tables, _journal, () => Writer(statePath).Give(d => new BaseWriter(d, _scrubber, options)), stateMetrics);
        var tags = new TagSource(starts);
        _stateWriter = new("state.db", () => new StateWriteTarget(tables, new StateView(tables, _stateReaders, hints), _journal, _merger, tags, hints, options), writing, stateMetrics);

        _copy = new LiveCopy(_scrubber, _merger, () => Reader(logPath), epoch, () => [.. ends.Select((_, partition) => Volatile.Read(ref ends[partition]))]);
        Log = new SqliteEventLog(_logWriter, _logReaders, ends, epoch);
        State = new SqliteStateStore(_stateWriter, _view);
        History = new SqliteHistory(_stateWriter, _view);
        Customers = new SqliteCustomerIndex(_stateWriter, _view);
        Maintenance = new SqliteMaintenance(Log, _logWriter, _stateWriter, _view);
    }

    /// <inheritdoc/>
    public IEventLog Log { get; }

    /// <inheritdoc/>
    public IStateStore State { get; }

    /// <inheritdoc/>
    public IHistory History { get; }

    /// <inheritdoc/>
    public ICustomerIndex Customers { get; }

    /// <summary>What commands over the whole store need.</summary>
    public SqliteMaintenance Maintenance { get; }

    /// <inheritdoc/>
    IStoreMaintenance IStore.Maintenance => Maintenance;

    /// <summary>What the start found and made good.</summary>
    public RecoveryReport Recovery { get; }

    /// <summary>Opens a directory, and makes what is not there yet.</summary>
    /// <param name="directory">Where the files are; only one store at a time may have it open.</param>
    /// <param name="options">Settings; null: the defaults.</param>
    /// <exception cref="StoreInUseException">Another store has the directory open; the message names its process.</exception>
    /// <exception cref="StorageException">The files cannot be read, or were made with other settings.</exception>
    public static Task<SqliteStore> OpenAsync(string directory, SqliteStoreOptions? options = null)
    {
        options ??= new SqliteStoreOptions();
        LogAppends.CheckPartitions(options.Partitions);
        return Task.Run(() =>
        {
            Directory.CreateDirectory(directory);
            var directoryLock = DirectoryLock.Take(directory);
            try
            {
                return new SqliteStore(directory, options, directoryLock);
            }
            catch
            {
                directoryLock.Dispose();
                throw;
            }
        });
    }

    /// <summary>
    /// Copies the store into an empty directory, while others read, write and erase. The copy has everything that was acknowledged
    /// before the call and is on disk when it returns; <see cref="OpenAsync"/> opens it. One at a time.
    /// </summary>
    /// <returns>The position after the last record of each partition of the copy.</returns>
    /// <exception cref="InvalidOperationException">Another copy is under way.</exception>
    /// <exception cref="StorageException">The files cannot be read or written.</exception>
    public Task<long[]> CopyAsync(string directory, CancellationToken cancellationToken) =>
        Task.Run(() => _copy.RunAsync(directory, cancellationToken), cancellationToken);

    /// <summary>
    /// Gives the log of a restored copy a name of its own: what was promised of the store after the copy was made is not promised of
    /// this one. No store has the directory open.
    /// </summary>
    /// <exception cref="StorageException">The file cannot be read or written.</exception>
    public static Task RenameLogAsync(string directory, string epoch) => Task.Run(() =>
    {
        using var log = Database.Open(Path.Combine(directory, LogFile), new SqliteStoreOptions().ReaderCacheBytes, maxPages: null);
        log.Prepare("UPDATE meta SET epoch = ?1").Bind(1, epoch).Run();
        log.CheckpointTruncate();
    });

    /// <summary>Writes what is queued, and closes the files. Calls that come later fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        _view.Close();
        _logReaders.Dispose();
        await _logWriter.DisposeAsync().ConfigureAwait(false);
        _logCheckpointer.Dispose();
        await _stateWriter.DisposeAsync().ConfigureAwait(false);
        await _merger.DisposeAsync().ConfigureAwait(false);
        _stateReaders.Dispose();
        _scrubber.Dispose();
        _journal.Dispose();
        _meter.Dispose();
        _lock.Dispose();
    }
}
