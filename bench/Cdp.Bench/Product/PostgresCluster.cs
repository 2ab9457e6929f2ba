using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Cdp.Bench.Product;

/// <summary>A PostgreSQL server of our own on a temporary directory, with memory and room for its log so that no checkpoint falls into a run.</summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private readonly string _data;
    private readonly string _bin;
    private readonly string? _user;

    private PostgresCluster(string data, string bin, string? user, int port)
    {
        _data = data;
        _bin = bin;
        _user = user;
        Port = port;
    }

    public int Port { get; }

    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username=cdp;Database=postgres;MaxPoolSize=16");

    /// <summary>Makes and starts one; it does not run as root, so root lends it the user <c>postgres</c>.</summary>
    public static async Task<PostgresCluster> StartAsync()
    {
        var bin = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(v => Path.Combine(v, "bin")).FirstOrDefault(b => File.Exists(Path.Combine(b, "initdb")))
            : null;
        if (bin is null) throw new InvalidOperationException("PostgreSQL is not installed: `apt-get install postgresql`.");
        var user = Environment.UserName == "root" ? "postgres" : null;
        var data = Directory.CreateTempSubdirectory("cdp-bench-pg-").FullName;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var cluster = new PostgresCluster(data, bin, user, port);
        if (user is not null) await RunAsync("chown", user, data);
        await cluster.ToolAsync("initdb", "-D", data, "-U", "cdp", "-A", "trust");
        await cluster.ToolAsync("pg_ctl", "-D", data, "-w", "-l", Path.Combine(data, "log"), "-o", string.Create(CultureInfo.InvariantCulture, $"-p {port} -k {data} -c listen_addresses=127.0.0.1 -c shared_buffers=2GB -c max_wal_size=8GB -c wal_compression=on"), "start");
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        await ToolAsync("pg_ctl", "-D", _data, "-m", "immediate", "stop");
        Directory.Delete(_data, recursive: true);
    }

    private Task ToolAsync(string tool, params string[] arguments) => _user is null
        ? RunAsync(Path.Combine(_bin, tool), arguments)
        : RunAsync("setpriv", ["--reuid", _user, "--regid", _user, "--clear-groups", Path.Combine(_bin, tool), .. arguments]);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // pg_ctl's server inherits our streams: they are not redirected, or we would wait for its end.
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1", program, .. arguments]);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed with {process.ExitCode}.");
    }
}
