using System.Diagnostics.Metrics;
using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.Postgres.Log;
using Cdp.Storage.Postgres.State;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Postgres;

/// <summary>
/// A store in a PostgreSQL database, whose tables <see cref="PostgresSchema"/> made. One process may have it alone, or the
/// silos of a cluster together. What returns is committed; that this means flushed to disk is the server's
/// <c>synchronous_commit</c>, which the store asks for.
/// </summary>
/// <remarks>Why the tables look as they do: docs/decisions/0010-postgres.md.</remarks>
public sealed class PostgresStore : IStore
{
    /// <summary>Bytes of a key at most: an entry of an index has room for no more.</summary>
    public const int MaxKeyBytes = 2_600;

    private readonly PostgresSource _source;
    private readonly StoreOwner _owner;
    private readonly Meter _meter;
    private readonly GroupCommitter<LogTarget>[] _logWriters;
    private readonly StateWriters _stateWriters;
    private bool _disposed;

    private PostgresStore(PostgresSource source, StoreOwner owner, PostgresStoreOptions options, int partitions, string epoch)
    {
        (_source, _owner) = (source, owner);
        _meter = new Meter("Cdp.Storage.Postgres");
        var writing = new WriterOptions(options.TransactionBytes, options.QueueBytes, options.WritePatience);
        GroupCommitter<T> Writer<T>(string name, int number, Func<T> open)
            where T : class, IWriteTarget
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{name} {number}");
            return new(name, open, writing, new WriterMetrics(_meter, name));
        }

        _logWriters = [.. Enumerable.Range(0, Math.Min(options.LogWriters, partitions)).Select(i => Writer("log", i, () => new LogTarget(source, owner)))];
        _stateWriters = new([.. Enumerable.Range(0, options.StateWriters).Select(i => Writer("state", i, () => new StateTarget(source, owner)))]);
        Log = new PostgresEventLog(source, _logWriters, partitions, epoch);
        State = new PostgresStateStore(source, _stateWriters);
        History = new PostgresHistory(source, _stateWriters);
        Customers = new PostgresCustomerIndex(source, _stateWriters);
        Maintenance = new PostgresMaintenance(source, _stateWriters);
    }

    /// <inheritdoc/>
    public IEventLog Log { get; }

    /// <inheritdoc/>
    public IStateStore State { get; }

    /// <inheritdoc/>
    public IHistory History { get; }

    /// <inheritdoc/>
    public ICustomerIndex Customers { get; }

    /// <inheritdoc/>
    public IStoreMaintenance Maintenance { get; }

    /// <summary>Opens a store.</summary>
    /// <param name="connectionString">The database, as <see cref="PostgresAddress.Parse"/> returns it.</param>
    /// <param name="options">Settings; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreInUseException">Another process has it open; the message names it.</exception>
    /// <exception cref="StorageException">The server cannot be reached, has no such tables, or tables of another version or number of partitions.</exception>
    public static async Task<PostgresStore> OpenAsync(string connectionString, PostgresStoreOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new PostgresStoreOptions();
        PostgresSchema.CheckName(options.Schema);
        Check(options.StateWriters, nameof(options.StateWriters));
        Check(options.LogWriters, nameof(options.LogWriters));
        var source = new PostgresSource(connectionString, options);
        try
        {
            var version = await source.ReadAsync(PostgresSchema.VersionStatement, [], row => row.GetInt32(0), cancellationToken).ConfigureAwait(false);
            PostgresSchema.CheckVersion(source.Name, version[0]);
            var made = await source.ReadAsync("SELECT partitions, epoch FROM store", [], row => (Partitions: row.GetInt32(0), Epoch: row.GetString(1)), cancellationToken).ConfigureAwait(false);
            if (made.Count == 0) throw new StorageException($"{source.Name}: the table store is empty; restore the database from a backup.");
            PostgresSchema.CheckPartitions(source.Name, made[0].Partitions, options.Partitions);

            // Connections of writers are made on the calling thread.
            return await Task.Run(
                () =>
                {
                    var owner = StoreOwner.Take(source, options.Alone);
                    try
                    {
                        return new PostgresStore(source, owner, options, made[0].Partitions, made[0].Epoch);
                    }
                    catch
                    {
                        owner.Dispose();
                        throw;
                    }
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await source.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Writes what is queued, and closes the connections. Calls that come later fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        foreach (var writer in _logWriters) await writer.DisposeAsync().ConfigureAwait(false);
        await _stateWriters.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
        _meter.Dispose();
        _owner.Dispose();
    }

    private static void Check(int connections, string name)
    {
        if (connections is < 1 or > 64) throw new ArgumentOutOfRangeException(name, connections, "Give 1 to 64 connections.");
    }
}
