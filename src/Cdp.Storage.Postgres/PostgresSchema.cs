using System.Globalization;
using System.Text.RegularExpressions;
using Cdp.Storage.Log;
using Npgsql;

namespace Cdp.Storage.Postgres;

/// <summary>Makes the tables of a store, and brings those of an earlier version to this one.</summary>
public static partial class PostgresSchema
{
    /// <summary>Schema of the tables when none is named.</summary>
    public const string DefaultName = "cdp";

    /// <summary>Reads the version of the tables; 0: there are none.</summary>
    internal const string VersionStatement = "SELECT coalesce(max(version), 0) FROM schema_version";

    private const string Prefix = "Cdp.Storage.Postgres.Schema.";

    /// <summary>The scripts in their order; the first makes version 1.</summary>
    private static readonly string[] Scripts =
        [.. typeof(PostgresSchema).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>The version that this program reads and writes.</summary>
    public static int Version => Scripts.Length;

    /// <summary>Brings a database to <see cref="Version"/>. Runs one at a time; running it again changes nothing.</summary>
    /// <param name="connectionString">The database; its user may create schemas and tables.</param>
    /// <param name="schema">The schema.</param>
    /// <param name="partitions">Partitions of a log that is made, 1 to 4096; an existing log must have as many. Null: 16, or what it has.</param>
    /// <param name="epoch">Name of a log that is made, when it is to be a copy of another; null: a new one.</param>
    /// <param name="cancellationToken">Gives up; what is begun is undone.</param>
    /// <returns>The version before, 0: there was none.</returns>
    /// <exception cref="StorageException">The server refuses, a later program made the tables, or the log has another number of partitions.</exception>
    public static async Task<int> MigrateAsync(string connectionString, string schema, int? partitions, string? epoch, CancellationToken cancellationToken)
    {
        CheckName(schema);
        LogAppends.CheckPartitions(partitions);
        var store = PostgresAddress.Show(connectionString);
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await RunAsync(connection, "SELECT pg_advisory_xact_lock(hashtext('cdp migrate'), hashtext($1))", cancellationToken, schema).ConfigureAwait(false);
            await RunAsync(connection, $"CREATE SCHEMA IF NOT EXISTS {schema}", cancellationToken).ConfigureAwait(false);
            await RunAsync(connection, $"SET LOCAL search_path TO {schema}", cancellationToken).ConfigureAwait(false);
            await RunAsync(connection, "CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now())", cancellationToken).ConfigureAwait(false);
            var before = await NumberAsync(connection, VersionStatement, cancellationToken).ConfigureAwait(false);
            CheckKnown(store, before);
            for (var version = before + 1; version <= Version; version++)
            {
                await RunAsync(connection, Script(version), cancellationToken).ConfigureAwait(false);
                await RunAsync(connection, "INSERT INTO schema_version (version) VALUES ($1)", cancellationToken, version).ConfigureAwait(false);
            }

            if (before == 0) await FillAsync(connection, partitions ?? LogAppends.DefaultPartitions, epoch ?? Guid.NewGuid().ToString("N"), cancellationToken).ConfigureAwait(false);
            CheckPartitions(store, await NumberAsync(connection, "SELECT partitions FROM store", cancellationToken).ConfigureAwait(false), partitions);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return before;
        }
        catch (Exception e) when (PostgresFailures.IsOurs(e))
        {
            throw PostgresFailures.Of(store, e);
        }
    }

    /// <summary>Checks a schema's name, which becomes part of statements.</summary>
    internal static void CheckName(string schema)
    {
        if (!Name().IsMatch(schema)) throw new ArgumentException("A schema's name has 1 to 40 small letters, digits and underscores, and begins with a letter.", nameof(schema));
    }

    /// <summary>Checks that the tables are this program's.</summary>
    internal static void CheckVersion(string store, int found)
    {
        CheckKnown(store, found);
        if (found < Version) throw new StorageException($"{store} has version {found} of the tables; this program needs {Version}. Run 'cdp migrate' for it first.");
    }

    /// <summary>Checks the number of partitions against what somebody wants.</summary>
    internal static void CheckPartitions(string store, int stored, int? wanted)
    {
        if (wanted is { } number && number != stored)
            throw new StorageException($"{store} was made with {stored} partitions and cannot be opened with {number}: events would move to other partitions. Set the number back to {stored}.");
    }

    private static void CheckKnown(string store, int found)
    {
        if (found > Version) throw new StorageException($"{store} has version {found} of the tables; this program knows {Version} at most. Start a newer one.");
    }

    private static async Task FillAsync(NpgsqlConnection connection, int partitions, string epoch, CancellationToken cancellationToken)
    {
        await RunAsync(connection, "INSERT INTO store (partitions, epoch) VALUES ($1, $2)", cancellationToken, partitions, epoch).ConfigureAwait(false);
        await RunAsync(connection, "INSERT INTO log_end (partition, era, next) SELECT p, 1, 0 FROM generate_series(0, $1 - 1) p", cancellationToken, partitions).ConfigureAwait(false);
        await RunAsync(connection, "INSERT INTO log_era (partition, era, first) SELECT p, 1, 0 FROM generate_series(0, $1 - 1) p", cancellationToken, partitions).ConfigureAwait(false);
        await RunAsync(connection, "CREATE TABLE log_block_1 PARTITION OF log_block FOR VALUES IN (1)", cancellationToken).ConfigureAwait(false);
    }

    private static string Script(int version)
    {
        using var reader = new StreamReader(typeof(PostgresSchema).Assembly.GetManifestResourceStream(Scripts[version - 1])!);
        return reader.ReadToEnd();
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = Command(connection, sql, values);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task<int> NumberAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, sql, []);
        return Convert.ToInt32(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object[] values)
    {
        // The statements are ours: the scripts of this assembly, and a schema's name that was checked.
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,39}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Name();
}
