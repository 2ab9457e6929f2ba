using Cdp.Client;
using Cdp.Node.Commands;

namespace Cdp.Node.Demo;

/// <summary>The server of the demo, killed and started again on the same data; callers get the connection that is up.</summary>
internal sealed class DemoServer : IAsyncDisposable
{
    private readonly DemoFolder _folder;
    private readonly string? _postgres;
    private readonly TextWriter _log;
    private readonly List<Connection> _connections = [];
    private TaskCompletionSource<Connection> _current = NewCurrent();

    private DemoServer(DemoFolder folder, string? postgres)
    {
        _folder = folder;
        _postgres = postgres;
        _log = TextWriter.Synchronized(new StreamWriter(folder.Log) { AutoFlush = true });
    }

    /// <summary>Starts the server on a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="postgres">The database that has the data; null: the folder has them.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<DemoServer> StartAsync(DemoFolder folder, string? postgres, CancellationToken cancel)
    {
        var server = new DemoServer(folder, postgres);
        try
        {
            await server.StartAsync(cancel);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The connection; while the server is down, the one that comes.</summary>
    public Task<Connection> ConnectAsync(CancellationToken cancel) => Volatile.Read(ref _current).Task.WaitAsync(cancel);

    /// <summary>Kills the process; who calls now waits for the next <see cref="StartAsync(CancellationToken)"/>.</summary>
    public async Task KillAsync()
    {
        var connection = _connections[^1];
        Volatile.Write(ref _current, NewCurrent());
        connection.IsLost = true;
        await connection.Process.KillAsync();
    }

    /// <summary>Starts the process again on the same data.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        var process = await ServerProcess.StartAsync(_folder.Data, _postgres, _folder.Key, _log, cancel);
        var connection = new Connection(process, new CdpClient(process.Address, _folder.Key));
        _connections.Add(connection);
        _current.SetResult(connection);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            connection.Client.Dispose();
            await connection.Process.DisposeAsync();
        }

        await _log.DisposeAsync();
    }

    private static TaskCompletionSource<Connection> NewCurrent() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>One life of the server.</summary>
    /// <param name="process">The process.</param>
    /// <param name="client">The way to it.</param>
    internal sealed class Connection(ServerProcess process, CdpClient client)
    {
        private volatile bool _isLost;

        public ServerProcess Process => process;

        public CdpClient Client => client;

        /// <summary>Whether the demo killed it.</summary>
        public bool IsLost
        {
            get => _isLost;
            set => _isLost = value;
        }

        /// <summary>Complains about a server that ended by itself.</summary>
        /// <exception cref="CommandException">It did.</exception>
        public void CheckAlive()
        {
            if (!IsLost && process.HasExited) throw new CommandException($"The server ended by itself; {process.Complaint()}");
        }
    }
}
