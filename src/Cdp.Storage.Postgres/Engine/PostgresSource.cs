using Npgsql;

namespace Cdp.Storage.Postgres.Engine;

/// <summary>Connections to one store.</summary>
internal sealed class PostgresSource : IAsyncDisposable
{
    /// <summary>Seconds that a connection may take to be made.</summary>
    private const int ConnectSeconds = 5;

    /// <summary>
    /// Whatever the server's defaults: what is acknowledged is on its disk, and a process that vanished or stands still in the
    /// midst of a transaction holds its locks for seconds, not for the hours after which TCP gives a silent peer up.
    /// </summary>
    private const string SessionSettings =
        "-c synchronous_commit=on -c idle_in_transaction_session_timeout=5000 -c tcp_user_timeout=10000 " +
        "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=5";

    private readonly string _own;

    public PostgresSource(string connectionString, PostgresStoreOptions options)
    {
        Name = PostgresAddress.Show(connectionString);
        Schema = options.Schema;
        var shared = new NpgsqlConnectionStringBuilder(connectionString)
        {
            SearchPath = options.Schema,
            ApplicationName = $"cdp {Environment.MachineName}:{Environment.ProcessId}",
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
            MaxPoolSize = options.Readers,
            MinPoolSize = 0,
        };
        shared.Options = $"{shared.Options} {SessionSettings}".TrimStart();
        if (!shared.ContainsKey("Timeout")) shared.Timeout = ConnectSeconds;
        _own = new NpgsqlConnectionStringBuilder(shared.ConnectionString) { Pooling = false }.ConnectionString;
        Readers = NpgsqlDataSource.Create(shared.ConnectionString);
    }

    /// <summary>What messages call the store: host, port and database.</summary>
    public string Name { get; }

    /// <summary>The schema of its tables.</summary>
    public string Schema { get; }

    /// <summary>Connections for reads, shared.</summary>
    public NpgsqlDataSource Readers { get; }

    /// <summary>Opens a connection of one's own, on the calling thread.</summary>
    public NpgsqlConnection Open()
    {
        var connection = new NpgsqlConnection(_own);
        try
        {
            connection.Open();
            return connection;
        }
        catch (Exception e)
        {
            connection.Dispose();
            if (!PostgresFailures.IsOurs(e)) throw;
            throw PostgresFailures.Of(Name, e);
        }
    }

    /// <summary>Reads rows, in whatever the caller makes of them.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="parameters">Its values.</param>
    /// <param name="row">Takes a row.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<List<T>> ReadAsync<T>(string sql, NpgsqlParameter[] parameters, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        for (var first = true; ; first = false)
        {
            try
            {
                return await TryReadAsync(sql, parameters, row, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (first && PostgresFailures.IsBroken(e))
            {
                // The server was restarted, and a connection of the pool is of the time before: so are the others.
                Readers.Clear();
                parameters = [.. parameters.Select(p => p.Clone())];
            }
            catch (Exception e) when (PostgresFailures.IsOurs(e))
            {
                throw PostgresFailures.Of(Name, e);
            }
        }
    }

    public ValueTask DisposeAsync() => Readers.DisposeAsync();

    private async ValueTask<List<T>> TryReadAsync<T>(string sql, NpgsqlParameter[] parameters, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        var command = Readers.CreateCommand(sql);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.AddRange(parameters);
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) rows.Add(row(reader));
            }
        }

        return rows;
    }
}
