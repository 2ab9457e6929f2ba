using Cdp.PostgresKit;
using Cdp.Rpc;
using Cdp.V1;
using Npgsql;
using NpgsqlTypes;

namespace Cdp.Bench.Product;

/// <summary>
/// The pipeline that a good team writes first: each batch is one statement that recognises its customers by the links,
/// inserts the events by a multi-row insert with a dedupe key, and upserts links and JSONB profiles set by set. What it
/// answers is what ours answers of the same load, and no more: a customer by any of its identifiers, its counts and sums,
/// its events. Merges, limits, sessions, interests, products, recent events and purposes it leaves out. Visible when
/// committed.
/// </summary>
internal static class PostgresPipeline
{
    public const string Command = "postgres-server";

    private const string Schema = """
        CREATE TABLE events (tenant text, source text, id text, customer text, type text, at timestamptz, payload bytea, PRIMARY KEY (tenant, source, id));
        CREATE INDEX history ON events (tenant, customer, at);
        CREATE TABLE links (tenant text, identifier text, customer text, PRIMARY KEY (tenant, identifier));
        CREATE TABLE profiles (tenant text, customer text, state jsonb, PRIMARY KEY (tenant, customer));
        """;

    // One row an event; $3 and $4 are its identifiers, the stronger one first. Links are read one by one: a join reads all
    // of them where the planner knows no better.
    private const string Apply = """
        WITH sent AS (
          SELECT e.*, coalesce(
            (SELECT customer FROM links WHERE tenant = 'default' AND identifier = k1),
            (SELECT customer FROM links WHERE tenant = 'default' AND identifier = k2),
            first_value(k1) OVER (PARTITION BY k2), k1) AS customer
          FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS e (source, id, k1, k2, type, payload, value, category)),
        fresh AS (
          INSERT INTO events (tenant, source, id, customer, type, at, payload)
          SELECT 'default', source, id, customer, type, now(), payload FROM sent
          ON CONFLICT DO NOTHING RETURNING source, id),
        linked AS (
          INSERT INTO links (tenant, identifier, customer)
          SELECT DISTINCT 'default', k, customer FROM sent CROSS JOIN LATERAL (VALUES (k1), (k2)) AS i (k) ORDER BY 2
          ON CONFLICT DO NOTHING),
        delta AS (
          SELECT customer, count(*) AS n, sum(value) AS total, count(*) FILTER (WHERE type = 'Order Completed') AS orders, max(category) AS category
          FROM fresh JOIN sent USING (source, id)
          GROUP BY customer ORDER BY customer)
        INSERT INTO profiles AS p (tenant, customer, state)
        SELECT 'default', customer, jsonb_build_object('events', n, 'orders', orders, 'revenue', total, 'last_category', category, 'last_seen', now()) FROM delta
        ON CONFLICT (tenant, customer) DO UPDATE SET state = p.state || jsonb_build_object(
          'events', (p.state->>'events')::bigint + (excluded.state->>'events')::bigint,
          'orders', (p.state->>'orders')::bigint + (excluded.state->>'orders')::bigint,
          'revenue', (p.state->>'revenue')::numeric + (excluded.state->>'revenue')::numeric,
          'last_category', excluded.state->'last_category', 'last_seen', excluded.state->'last_seen');
        """;

    /// <summary>Measures it, server and database in processes of their own.</summary>
    public static async Task<Load.Outcome> MeasureAsync(Func<EventSource[]> sources, TimeSpan duration, CancellationToken cancellationToken)
    {
        Console.WriteLine($"baseline, synchronous_commit=on:\n{Schema}\n{Apply}");
        // Memory, and room for its log so that no checkpoint falls into a run.
        await using var cluster = await PostgresServer.StartAsync("shared_buffers=2GB", "max_wal_size=8GB", "wal_compression=on");
        await using var server = await ServerProcess.StartAsync("Cdp.Bench.dll", data: "", Command, cluster.ConnectionString + ";MaxPoolSize=16");
        using var client = server.Connect();
        return await Load.RunAsync(client, sources(), duration, _ => Task.CompletedTask, cancellationToken);
    }

    /// <summary>The pipeline's server: <c>Ingest.PublishEvents</c> through the same transport.</summary>
    public static async Task ServeAsync(string connection)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await using (var schema = database.CreateCommand(Schema)) await schema.ExecuteNonQueryAsync();
        var service = RpcService.For(IngestReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Ingest"))
            .Unary<PublishEventsRequest, PublishEventsResponse>("PublishEvents", (request, context) => ApplyAsync(database, request, context.CancellationToken))
            .DuplexStreaming<StreamEventsRequest, StreamEventsResponse>("StreamEvents", (_, _, _) => throw new RpcException(Google.Rpc.Code.Unimplemented, "Not part of the baseline."));
        await using var server = await RpcServer.StartAsync(new RpcServerOptions { ErrorDomain = "bench", MaxRequestBytes = 8 << 20 }, [service]);
        Console.WriteLine($"serving on http://{server.EndPoint}");
        await Task.Delay(Timeout.Infinite);
    }

    private static async ValueTask<PublishEventsResponse> ApplyAsync(NpgsqlDataSource database, PublishEventsRequest request, CancellationToken cancellationToken)
    {
        var events = request.Events;
        await using var command = database.CreateCommand(Apply);
        Add(NpgsqlDbType.Text, events.Select(e => e.Source).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => e.Id).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => KeyOf(e.Identifiers[0])).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => KeyOf(e.Identifiers[1])).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => e.Type).ToArray());
        Add(NpgsqlDbType.Bytea, events.Select(Google.Protobuf.MessageExtensions.ToByteArray).ToArray());
        Add(NpgsqlDbType.Numeric, events.Select(e => e.Properties.TryGetValue("total", out var total) ? decimal.Parse(total.DecimalValue, System.Globalization.CultureInfo.InvariantCulture) : 0m).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => e.Properties["category"].StringValue).ToArray());
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await command.ExecuteNonQueryAsync(cancellationToken);
                return new PublishEventsResponse { Accepted = events.Count };
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < 10)
            {
                // Two batches met in the links; the statement is atomic and runs again.
            }
        }

        static string KeyOf(Identifier identifier) => $"{identifier.Namespace}:{identifier.Value}";

        void Add<T>(NpgsqlDbType type, T[] values) => command.Parameters.Add(new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type });
    }
}
