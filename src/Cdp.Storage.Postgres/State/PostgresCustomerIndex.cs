using Cdp.Grains.Ports;
using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.State;

namespace Cdp.Storage.Postgres.State;

/// <summary>Customer ids, in the table <c>customer</c>; ordered by their UTF-8 bytes.</summary>
internal sealed class PostgresCustomerIndex(PostgresSource source, StateWriters writers) : ICustomerIndex
{
    public ValueTask AddAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        writers.Of(customer).Submit(new IndexOperation(tenant, customer, add: true), cancellationToken).VoidTask;

    public async ValueTask<IReadOnlyList<string>> PageAsync(string tenant, string after, int size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return await source.ReadAsync(
            "SELECT id FROM customer WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
            [Sql.Of(Sql.Key(tenant)), Sql.Of(Sql.Key(after)), Sql.Of(size)],
            row => Sql.Text(row.GetFieldValue<byte[]>(0)), cancellationToken).ConfigureAwait(false);
    }

    public ValueTask RemoveAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        writers.Of(customer).Submit(new IndexOperation(tenant, customer, add: false), cancellationToken).VoidTask;
}
