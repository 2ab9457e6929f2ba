using System.Globalization;
using Npgsql;

namespace Cdp.Storage.Postgres.Engine;

/// <summary>
/// Holds a store open, alone or with others. A lock of the server's keeps a second one out who wants it alone; it goes with
/// its connection. So whoever opens a store alone also counts its generation up, and every transaction of a store that was
/// open alone checks the number: after an interruption only the last one writes.
/// </summary>
internal sealed class StoreOwner : IDisposable
{
    private const string LockKey = "hashtext('cdp store'), hashtext($1)";

    private readonly NpgsqlConnection _connection;
    private readonly string _store;
    private readonly long _generation;

    private StoreOwner(NpgsqlConnection connection, string store, bool alone, long generation) =>
        (_connection, _store, IsAlone, _generation) = (connection, store, alone, generation);

    /// <summary>Whether nobody else may have the store open.</summary>
    public bool IsAlone { get; }

    /// <summary>Takes the store.</summary>
    /// <exception cref="StoreInUseException">Somebody has it; the message names the process.</exception>
    public static StoreOwner Take(PostgresSource source, bool alone)
    {
        var connection = source.Open();
        try
        {
            var taken = (bool)Scalar(connection, $"SELECT pg_try_advisory_lock{(alone ? "" : "_shared")}({LockKey})", source.Schema)!;
            if (!taken) throw new StoreInUseException($"{source.Name} is open already{Holder(connection, source.Schema)}. Stop that process, or name another database.");
            var generation = alone ? (long)Scalar(connection, "UPDATE store SET generation = generation + 1 RETURNING generation")! : 0;
            return new StoreOwner(connection, source.Name, alone, generation);
        }
        catch (Exception e)
        {
            connection.Dispose();
            if (!PostgresFailures.IsOurs(e) || e is StorageException) throw;
            throw PostgresFailures.Of(source.Name, e);
        }
    }

    /// <summary>Checks the generation that a transaction found.</summary>
    /// <exception cref="StorageException">Another process opened the store since.</exception>
    public void Check(long generation)
    {
        if (generation != _generation) throw new StorageException($"{_store} was opened by another process since. Nothing more is written from here; stop this one.");
    }

    public void Dispose() => _connection.Dispose();

    private static string Holder(NpgsqlConnection connection, string schema)
    {
        var name = Scalar(connection, $"""
            SELECT string_agg(DISTINCT a.application_name, ', ') FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint, l.objid::bigint) =
                (SELECT hashtext('cdp store')::bigint & 4294967295, hashtext($1)::bigint & 4294967295)
            """, schema);
        return name is string { Length: > 0 } who ? string.Create(CultureInfo.InvariantCulture, $": {who}") : "";
    }

    private static object? Scalar(NpgsqlConnection connection, string sql, params string[] values)
    {
        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Command(sql, [.. values.Select(Sql.Of)]));
        return batch.ExecuteScalar();
    }
}
