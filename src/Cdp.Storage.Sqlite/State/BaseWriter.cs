using Cdp.Storage.Sqlite.Backups;
using Cdp.Storage.Sqlite.Engine;
using Cdp.Storage.State;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Writes memtables into the database, in the order of its rows, so that neighbours share pages. Doing it again after a
/// part of it gives the same rows.
/// </summary>
internal sealed class BaseWriter : IDisposable
{
    private readonly Database _database;
    private readonly PageScrubber _scrubber;
    private readonly MergeTransaction _transaction;
    private readonly StateRows _states;
    private readonly HistoryRows _histories;
    private readonly HistoryRewriter _rewriter;
    private readonly Statement _addCustomer;
    private readonly Statement _removeCustomer;
    private readonly Statement _setMerged;

    public BaseWriter(Database database, PageScrubber scrubber, SqliteStoreOptions options)
    {
        (_database, _scrubber) = (database, scrubber);

        // Whoever wrote before may have moved pages as it closed.
        scrubber.ForgetAll();
        _transaction = new MergeTransaction(database, scrubber, options);
        _states = new StateRows(database, _transaction, options.RememberedStates);
        _histories = new HistoryRows(database, _transaction, options.RememberedHistories);
        _rewriter = new HistoryRewriter(database);
        _addCustomer = database.Prepare("INSERT INTO customers (tenant, customer) VALUES (?1, ?2) ON CONFLICT DO NOTHING");
        _removeCustomer = database.Prepare("DELETE FROM customers WHERE tenant = ?1 AND customer = ?2");
        _setMerged = database.Prepare("UPDATE meta SET merged = ?1");
    }

    /// <summary>Pages of the database that are in use.</summary>
    public long Pages => (_database.Scalar("PRAGMA page_count") ?? 0) - (_database.Scalar("PRAGMA freelist_count") ?? 0);

    /// <summary>Writes a memtable; what it has is durable in the database when it returns.</summary>
    /// <param name="table">The memtable, which does not change meanwhile.</param>
    /// <param name="pace">How fast.</param>
    /// <param name="isAbandoned">Asked now and then whether to stop.</param>
    /// <exception cref="OperationCanceledException">It stopped.</exception>
    public void Merge(Memtable table, MergePace pace, Func<bool> isAbandoned)
    {
        pace.Begin(table.LiveEntries);
        _transaction.Begin(pace, isAbandoned);
        _states.Merge(table);
        _histories.Merge(table);
        foreach (var (tenant, customers) in table.Customers)
        {
            foreach (var (customer, added) in customers)
            {
                _transaction.Add(customer.Length);
                (added ? _addCustomer : _removeCustomer).Bind(1, tenant).Bind(2, customer).Run();
            }
        }

        _setMerged.Bind(1, table.LastSequence).Run();
        _transaction.Commit();
    }

    /// <summary>Rewrites slices of histories, all of which stand in the database; durable when it returns.</summary>
    /// <param name="operations">Receive their results.</param>
    /// <param name="pace">How fast.</param>
    /// <param name="isAbandoned">Asked now and then whether to stop.</param>
    /// <exception cref="OperationCanceledException">It stopped.</exception>
    public void Rewrite(IReadOnlyCollection<RewriteHistoryOperation> operations, MergePace pace, Func<bool> isAbandoned)
    {
        pace.Begin(operations.Count);
        _transaction.Begin(pace, isAbandoned);
        foreach (var operation in operations)
        {
            _transaction.Add(operation.Slice.Length);
            try
            {
                operation.Result = _rewriter.Rewrite(operation.Key, operation.First, operation.Count, operation.Slice.Span);
            }
            catch (ArgumentException e)
            {
                // It does not fit, or its key has no bytes: it fails alone.
                operation.Error = e;
            }
        }

        _transaction.Commit();
    }

    /// <summary>Moves everything into the database file, cuts the write-ahead log to nothing, and clears what pages do not use.</summary>
    public void Truncate()
    {
        MoveAll();
        _scrubber.Scrub();

        // Or a page that is remembered as it was would be written as it was.
        _database.ForgetPages();
    }

    /// <summary>Moves everything into the database file, so that the copy of it can be ended; nobody writes to it meanwhile.</summary>
    public void EndCopy(PageCopy copy)
    {
        MoveAll();
        copy.Copy(_scrubber.Moved.Take(), CancellationToken.None);
    }

    public void Dispose() => _database.Dispose();

    private void MoveAll()
    {
        lock (_scrubber.Moved.Moving)
        {
            _scrubber.Note();
            _database.CheckpointTruncate();
        }
    }
}
