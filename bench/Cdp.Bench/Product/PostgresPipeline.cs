using Cdp.PostgresKit;
using Cdp.Rpc;
using Cdp.V1;
using Npgsql;
using NpgsqlTypes;

namespace Cdp.Bench.Product;

/// <summary>
/// The pipeline that a good team writes first: each batch is one statement that recognises its customers by the links,
/// inserts the events by a multi-row insert with a dedupe key, and upserts links and JSONB profiles set by set. Visible when
/// committed. Recent events it reads by an index. Merges, limits, purposes, copies that come out of order and replay it leaves
/// out.
/// </summary>
internal static class PostgresPipeline
{
    public const string Command = "postgres-server";

    // In a function, since each access to a column unpacks the whole document anew, and a variable is unpacked.
    private static readonly string Schema = $"""
        CREATE TABLE events (tenant text, source text, id text, customer text, type text, at timestamptz, payload bytea, PRIMARY KEY (tenant, source, id));
        CREATE INDEX history ON events (tenant, customer, at);
        CREATE TABLE links (tenant text, identifier text, customer text, PRIMARY KEY (tenant, identifier));
        CREATE TABLE profiles (tenant text, customer text, state jsonb COMPRESSION lz4, PRIMARY KEY (tenant, customer));
        CREATE FUNCTION merged(stored jsonb, added jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $merged$
          DECLARE known jsonb := stored || jsonb_build_object();
          BEGIN
            RETURN known || jsonb_build_object(
              'events', (known->>'events')::bigint + (added->>'events')::bigint,
              'orders', (known->>'orders')::bigint + (added->>'orders')::bigint,
              'revenue', (known->>'revenue')::numeric + (added->>'revenue')::numeric,
              'last_seen', added->'last_seen',
              'types', {Summed("types")}, 'totals', {Summed("totals")}, 'channels', {Summed("channels")}, 'interests', {Summed("interests")},
              'views', {Summed("views")}, 'ordered', {Summed("ordered")}, 'quantities', {Summed("quantities")},
              'product_seen', {Newest("product_seen")}, 'namespaces', {Newest("namespaces")}, 'traits', {Newest("traits")},
              'sessions', CASE WHEN (known->>'last_seen')::timestamptz > now() - interval '30 minutes'
                THEN jsonb_set(known->'sessions', ARRAY['-1'], (known->'sessions'->-1) || jsonb_build_object(
                  'end', now(), 'events', (known->'sessions'->-1->>'events')::bigint + (added->'sessions'->0->>'events')::bigint))
                ELSE (known->'sessions') || (added->'sessions') END);
          END $merged$;
        """;

    // One row an event; $3 and $4 are its identifiers, the stronger one first. Links are read one by one: a join reads all
    // of them where the planner knows no better.
    private static string Recognise(string parameters, string columns) => $"""
        WITH sent AS (
          SELECT e.*, coalesce(
            (SELECT customer FROM links WHERE tenant = 'default' AND identifier = k1),
            (SELECT customer FROM links WHERE tenant = 'default' AND identifier = k2),
            first_value(k1) OVER (PARTITION BY k2), k1) AS customer
          FROM unnest($1, $2, $3, $4, $5, $6, $7, $8{parameters}) AS e (source, id, k1, k2, type, payload, value, category{columns})),
        fresh AS (
          INSERT INTO events (tenant, source, id, customer, type, at, payload)
          SELECT 'default', source, id, customer, type, now(), payload FROM sent
          ON CONFLICT DO NOTHING RETURNING source, id),
        linked AS (
          INSERT INTO links (tenant, identifier, customer)
          SELECT DISTINCT 'default', k, customer FROM sent CROSS JOIN LATERAL (VALUES (k1), (k2)) AS i (k) ORDER BY 2
          ON CONFLICT DO NOTHING),
        """;

    /// <summary>Keeps five fields a customer: the least that deserves the name.</summary>
    public static readonly Variant FiveFields = new("five-fields", HasDetails: false, Recognise("", "") + """

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
        """);

    /// <summary>
    /// Keeps what our profile keeps of the same load: counts and sums per type and channel, orders and revenue, first and last
    /// seen, sessions, an interest per category with a half-life of 30 days, views, orders and quantity of each product, traits
    /// with source and time, the last use of each kind of identifier.
    /// </summary>
    public static readonly Variant WholeProfile = new("whole-profile", HasDetails: true, Recognise(", $9, $10, $11", ", channel, product, quantity") + """

        applied AS MATERIALIZED (SELECT * FROM fresh JOIN sent USING (source, id)),
        types AS (SELECT customer, jsonb_object_agg(type, n) AS counts, jsonb_object_agg(type, total) AS totals
          FROM (SELECT customer, type, count(*) AS n, sum(value) AS total FROM applied GROUP BY 1, 2) t GROUP BY 1),
        channels AS (SELECT customer, jsonb_object_agg(channel, n) AS counts
          FROM (SELECT customer, channel, count(*) AS n FROM applied GROUP BY 1, 2) t GROUP BY 1),
        interests AS (SELECT customer, jsonb_object_agg(category, score) AS scores
          FROM (SELECT customer, category, count(*) * power(2, extract(epoch FROM now() - '2026-01-01') / 2592000) AS score FROM applied GROUP BY 1, 2) t GROUP BY 1),
        products AS (SELECT customer, jsonb_object_agg(product, views) AS views, jsonb_object_agg(product, orders) AS orders,
            jsonb_object_agg(product, quantity) AS quantities, jsonb_object_agg(product, now()) AS seen
          FROM (SELECT customer, product, count(*) FILTER (WHERE type <> 'Order Completed') AS views, count(*) FILTER (WHERE type = 'Order Completed') AS orders,
              coalesce(sum(quantity) FILTER (WHERE type = 'Order Completed'), 0) AS quantity
            FROM applied GROUP BY 1, 2) t GROUP BY 1),
        namespaces AS (SELECT customer, jsonb_object_agg(split_part(k, ':', 1), now()) AS seen
          FROM applied CROSS JOIN LATERAL (VALUES (k1), (k2)) AS i (k) GROUP BY 1),
        delta AS (
          SELECT customer, count(*) AS n, count(*) FILTER (WHERE type = 'Order Completed') AS orders, sum(value) AS revenue,
            max(category) AS category, max(source) AS source
          FROM applied GROUP BY customer)
        INSERT INTO profiles AS p (tenant, customer, state)
        SELECT 'default', customer, jsonb_build_object('events', n, 'orders', d.orders, 'revenue', revenue, 'first_seen', now(), 'last_seen', now(),
          'types', t.counts, 'totals', t.totals, 'channels', c.counts, 'interests', scores,
          'views', r.views, 'ordered', r.orders, 'quantities', quantities, 'product_seen', r.seen, 'namespaces', s.seen,
          'traits', jsonb_build_object('last_category', jsonb_build_object('value', category, 'at', now(), 'source', source)),
          'sessions', jsonb_build_array(jsonb_build_object('start', now(), 'end', now(), 'events', n)))
        FROM delta d JOIN types t USING (customer) JOIN channels c USING (customer) JOIN interests USING (customer)
          JOIN products r USING (customer) JOIN namespaces s USING (customer)
        ORDER BY customer
        ON CONFLICT (tenant, customer) DO UPDATE SET state = merged(p.state, excluded.state);
        """);

    /// <summary>One way to keep a profile.</summary>
    /// <param name="Name">What it is called on the command line.</param>
    /// <param name="HasDetails">Whether it is told channel, product and quantity.</param>
    /// <param name="Apply">The statement of a batch.</param>
    internal sealed record Variant(string Name, bool HasDetails, string Apply);

    // Visits what the batch touches, not all that the customer has.
    private static string Summed(string field) =>
        $"(known->'{field}') || (SELECT jsonb_object_agg(key, value::numeric + coalesce((known->'{field}'->>key)::numeric, 0)) FROM jsonb_each_text(added->'{field}'))";

    private static string Newest(string field) => $"(known->'{field}') || (added->'{field}')";

    /// <summary>Measures it, server and database in processes of their own.</summary>
    public static async Task<Load.Outcome> MeasureAsync(Variant variant, Func<EventSource[]> sources, TimeSpan duration, CancellationToken cancellationToken)
    {
        Console.WriteLine($"baseline {variant.Name}, synchronous_commit=on:\n{Schema}\n{variant.Apply}");
        // Memory, and room for its log so that no checkpoint falls into a run.
        await using var cluster = await PostgresServer.StartAsync("shared_buffers=2GB", "max_wal_size=8GB", "wal_compression=on");
        await using var server = await ServerProcess.StartAsync("Cdp.Bench.dll", data: "", Command, variant.Name, cluster.ConnectionString + ";MaxPoolSize=16");
        using var client = server.Connect();
        return await Load.RunAsync(client, sources(), duration, _ => Task.CompletedTask, cancellationToken);
    }

    /// <summary>The pipeline's server: <c>Ingest.PublishEvents</c> through the same transport.</summary>
    /// <param name="variant">Name of the variant.</param>
    /// <param name="connection">The database.</param>
    public static async Task ServeAsync(string variant, string connection)
    {
        var served = new[] { FiveFields, WholeProfile }.Single(known => known.Name == variant);
        await using var database = NpgsqlDataSource.Create(connection);
        await using (var schema = database.CreateCommand(Schema)) await schema.ExecuteNonQueryAsync();
        var service = RpcService.For(IngestReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Ingest"))
            .Unary<PublishEventsRequest, PublishEventsResponse>("PublishEvents", (request, context) => ApplyAsync(database, served, request, context.CancellationToken))
            .DuplexStreaming<StreamEventsRequest, StreamEventsResponse>("StreamEvents", (_, _, _) => throw new RpcException(Google.Rpc.Code.Unimplemented, "Not part of the baseline."));
        await using var server = await RpcServer.StartAsync(new RpcServerOptions { ErrorDomain = "bench", MaxRequestBytes = 8 << 20 }, [service]);
        Console.WriteLine($"serving on http://{server.EndPoint}");
        await Task.Delay(Timeout.Infinite);
    }

    private static async ValueTask<PublishEventsResponse> ApplyAsync(NpgsqlDataSource database, Variant variant, PublishEventsRequest request, CancellationToken cancellationToken)
    {
        var events = request.Events;
        await using var command = database.CreateCommand(variant.Apply);
        Add(NpgsqlDbType.Text, events.Select(e => e.Source).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => e.Id).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => KeyOf(e.Identifiers[0])).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => KeyOf(e.Identifiers[1])).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => e.Type).ToArray());
        Add(NpgsqlDbType.Bytea, events.Select(Google.Protobuf.MessageExtensions.ToByteArray).ToArray());
        Add(NpgsqlDbType.Numeric, events.Select(e => e.Properties.TryGetValue("total", out var total) ? decimal.Parse(total.DecimalValue, System.Globalization.CultureInfo.InvariantCulture) : 0m).ToArray());
        Add(NpgsqlDbType.Text, events.Select(e => e.Properties["category"].StringValue).ToArray());
        if (variant.HasDetails)
        {
            Add(NpgsqlDbType.Text, events.Select(e => e.Channel).ToArray());
            Add(NpgsqlDbType.Text, events.Select(e => e.Properties["product_id"].StringValue).ToArray());
            Add(NpgsqlDbType.Bigint, events.Select(e => e.Properties["quantity"].IntValue).ToArray());
        }

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
