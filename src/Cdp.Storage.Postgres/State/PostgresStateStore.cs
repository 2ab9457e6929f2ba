using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.State;
using Npgsql;

namespace Cdp.Storage.Postgres.State;

/// <summary>Keyed state, in the table <c>state</c>.</summary>
internal sealed class PostgresStateStore(PostgresSource source, StateWriters writers) : IStateStore
{
    public async ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken)
    {
        var rows = await source.ReadAsync("SELECT value, tag FROM state WHERE kind = $1 AND key = $2", [Sql.Of(kind), Sql.Of(Sql.Key(key))], Row, cancellationToken).ConfigureAwait(false);
        return rows.Count > 0 ? rows[0] : default;
    }

    public async ValueTask<IReadOnlyList<StateRow>> ReadManyAsync(string kind, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0) return [];
        var rows = await source.ReadAsync(
            "SELECT value, tag, key FROM state WHERE kind = $1 AND key = ANY($2)", [Sql.Of(kind), Sql.Of([.. keys.Select(Sql.Key)])],
            reader => (Key: Sql.Text(reader.GetFieldValue<byte[]>(2)), Row: Row(reader)), cancellationToken).ConfigureAwait(false);
        var found = rows.ToDictionary(r => r.Key, r => r.Row, StringComparer.Ordinal);
        return [.. keys.Select(key => found.GetValueOrDefault(key))];
    }

    public ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken) =>
        writers.Of(key).Submit(new PutStateOperation(kind, key, value, expectedTag), cancellationToken).Task;

    public ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken) =>
        writers.Of(key).Submit(new ClearStateOperation(kind, key, expectedTag), cancellationToken).Task;

    private static StateRow Row(NpgsqlDataReader reader) => new(reader.GetFieldValue<byte[]>(0), reader.GetInt64(1).ToString(CultureInfo.InvariantCulture));
}
