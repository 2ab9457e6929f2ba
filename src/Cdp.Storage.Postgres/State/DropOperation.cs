using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.Writing;
using Npgsql;

namespace Cdp.Storage.Postgres.State;

/// <summary>Removes a number of states of a kind, or of histories, with a prefix; the result is how many went.</summary>
internal sealed class DropOperation(string? kind, string prefix, int limit) : WriteOperation<int>
{
    /// <summary>Drops states of a kind whose keys begin with a prefix.</summary>
    public static DropOperation States(string kind, string prefix, int limit) => new(kind, prefix, limit);

    /// <summary>Drops histories whose keys begin with a prefix.</summary>
    public static DropOperation Histories(string prefix, int limit) => new(null, prefix, limit);

    public override bool Alone => true;

    /// <summary>Adds the statement, whose result is read later.</summary>
    public void AddTo(NpgsqlBatch batch, List<Action<NpgsqlDataReader>> results)
    {
        batch.BatchCommands.Add(kind is not null
            ? Sql.Command(
                """
                WITH gone AS (
                  DELETE FROM state WHERE kind = $1 AND key = ANY(ARRAY(
                    SELECT key FROM state WHERE kind = $1 AND substring(key FOR length($2)) = $2 AND key >= $2 ORDER BY key LIMIT $3)) RETURNING 1)
                SELECT count(*)::int FROM gone
                """,
                Sql.Of(kind), Sql.Of(Sql.Key(prefix)), Sql.Of(limit))
            : Sql.Command(
                """
                WITH chosen AS MATERIALIZED (SELECT key FROM history_head WHERE substring(key FOR length($1)) = $1 AND key >= $1 ORDER BY key LIMIT $2),
                heads AS (DELETE FROM history_head WHERE key IN (SELECT key FROM chosen) RETURNING key),
                slices AS (DELETE FROM history WHERE key IN (SELECT key FROM chosen))
                SELECT count(*)::int FROM heads
                """,
                Sql.Of(Sql.Key(prefix)), Sql.Of(limit)));
        results.Add(reader => Result = reader.Read() ? reader.GetInt32(0) : 0);
    }
}
