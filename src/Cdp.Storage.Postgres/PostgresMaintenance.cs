using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.Postgres.State;

namespace Cdp.Storage.Postgres;

/// <summary>What commands over the whole store need.</summary>
internal sealed class PostgresMaintenance(PostgresSource source, StateWriters writers) : IStoreMaintenance
{
    /// <summary>Rows that one transaction drops.</summary>
    private const int DropSize = 1000;

    public async ValueTask<IReadOnlyList<string>> StateKindsAsync(CancellationToken cancellationToken) =>
        await source.ReadAsync("SELECT DISTINCT kind FROM state ORDER BY kind", [], row => row.GetString(0), cancellationToken).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<string>> HistoryKeysAsync(string after, int size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return await source.ReadAsync(
            "SELECT key FROM history_head WHERE key > $1 ORDER BY key LIMIT $2", [Sql.Of(Sql.Key(after)), Sql.Of(size)],
            row => Sql.Text(row.GetFieldValue<byte[]>(0)), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<string>> StateKeysAsync(string kind, string after, int size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return await source.ReadAsync(
            "SELECT key FROM state WHERE kind = $1 AND key > $2 ORDER BY key LIMIT $3",
            [Sql.Of(kind), Sql.Of(Sql.Key(after)), Sql.Of(size)],
            row => Sql.Text(row.GetFieldValue<byte[]>(0)), cancellationToken).ConfigureAwait(false);
    }

    public Task<long> DropStatesAsync(string kind, string prefix, CancellationToken cancellationToken) =>
        DropAsync(() => DropOperation.States(kind, prefix, DropSize), cancellationToken);

    public Task<long> DropHistoriesAsync(string prefix, CancellationToken cancellationToken) =>
        DropAsync(() => DropOperation.Histories(prefix, DropSize), cancellationToken);

    public Task<string> ForgetAsync(CancellationToken cancellationToken) =>
        Task.FromResult("former rows, which nothing reads, in PostgreSQL's files until it vacuums; VACUUM FULL removes them at once");

    private async Task<long> DropAsync(Func<DropOperation> operation, CancellationToken cancellationToken)
    {
        for (var total = 0L; ;)
        {
            var dropped = await writers.Of("").Submit(operation(), cancellationToken).Task.ConfigureAwait(false);
            if (dropped == 0) return total;
            total += dropped;
        }
    }
}
