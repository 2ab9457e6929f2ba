using Cdp.PostgresKit;
using Cdp.Storage.Postgres.Tests;
using Npgsql;

[assembly: AssemblyFixture(typeof(Databases))]

namespace Cdp.Storage.Postgres.Tests;

/// <summary>One server for all tests, and a schema for each store of theirs.</summary>
public sealed class Databases : IAsyncLifetime
{
    private PostgresServer? _server;
    private int _made;

    /// <summary>The database; skips the test where there is no server.</summary>
    public string Database
    {
        get
        {
            Assert.SkipWhen(_server is null, PostgresServer.Missing ?? "");
            return _server!.ConnectionString;
        }
    }

    public async ValueTask InitializeAsync()
    {
        // Not trusted to be durable by these tests: those that kill a server start one of their own.
        if (PostgresServer.Missing is null) _server = await PostgresServer.StartAsync("fsync=off", "max_connections=300");
    }

    /// <summary>A name that no schema has.</summary>
    public string NewSchema() => $"test_{Interlocked.Increment(ref _made)}";

    /// <summary>A new schema with the tables of a store in it.</summary>
    public async ValueTask<PostgresStoreOptions> NewStoreAsync(PostgresStoreOptions? options = null)
    {
        options = (options ?? new PostgresStoreOptions()) with { Schema = NewSchema() };
        Assert.Equal(0, await PostgresSchema.MigrateAsync(Database, options.Schema, options.Partitions, null, TestContext.Current.CancellationToken));
        return options;
    }

    /// <summary>Runs a statement on a connection of its own.</summary>
    public async Task<object?> RunAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(Database + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
