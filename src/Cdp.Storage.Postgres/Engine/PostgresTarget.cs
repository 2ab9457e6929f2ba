using Cdp.Storage.Writing;
using Npgsql;

namespace Cdp.Storage.Postgres.Engine;

/// <summary>A write target with a connection of its own.</summary>
/// <remarks>
/// PostgreSQL keeps what was replaced in dead rows, then in the free parts of pages until the table is written anew, and in
/// its write-ahead log until that is recycled, so nothing here can say that bytes are gone: docs/decisions/0010-postgres.md.
/// </remarks>
internal abstract class PostgresTarget(PostgresSource source, StoreOwner owner) : IWriteTarget
{
    /// <summary>Times that a transaction is tried that was surely undone: because of others, or with its connection.</summary>
    private const int Attempts = 4;

    private NpgsqlConnection _connection = source.Open();

    public void Commit(IReadOnlyList<WriteOperation> operations)
    {
        for (var attempt = 1; ; attempt++)
        {
            var undone = true;
            try
            {
                using var transaction = _connection.BeginTransaction();
                foreach (var operation in operations) operation.Error = null;
                Execute(_connection, operations);
                undone = false;
                transaction.Commit();
                return;
            }
            catch (Exception e) when (PostgresFailures.IsLost(e) && attempt < Attempts)
            {
                // Undone by the server, whole: the same again.
            }
            catch (Exception e) when (undone && attempt < Attempts && PostgresFailures.IsBroken(e))
            {
                // The server was restarted since, or cut us off before it heard of a commit.
                _connection.Dispose();
                _connection = source.Open();
            }
            catch (Exception e) when (PostgresFailures.IsOurs(e))
            {
                throw PostgresFailures.Of(source.Name, e);
            }
        }
    }

    public void Erase(IReadOnlyList<WriteOperation> operations)
    {
        foreach (var operation in operations) operation.Complete();
    }

    public void Tidy()
    {
        // The server tidies up.
    }

    public void Close()
    {
        // Everything is committed.
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>Executes operations inside an open transaction, in order.</summary>
    protected abstract void Execute(NpgsqlConnection connection, IReadOnlyList<WriteOperation> operations);

    /// <summary>Asks, ahead of other statements, who owns the store; <see cref="CheckOwner"/> reads the answer.</summary>
    protected void AskOwner(NpgsqlBatch batch)
    {
        if (owner.IsAlone) batch.BatchCommands.Add(Sql.Command("SELECT generation FROM store"));
    }

    /// <summary>Reads the answer and goes on to the next statement's.</summary>
    /// <exception cref="StorageException">Somebody else opened the store alone since.</exception>
    protected void CheckOwner(NpgsqlDataReader reader)
    {
        if (!owner.IsAlone) return;
        owner.Check(reader.Read() ? reader.GetInt64(0) : 0);
        reader.NextResult();
    }
}
