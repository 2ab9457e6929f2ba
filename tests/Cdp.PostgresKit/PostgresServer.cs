using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Cdp.PostgresKit;

/// <summary>Where a server listens.</summary>
/// <param name="Address">IPv4 address; whoever is in the same subnet may connect.</param>
/// <param name="Network">Network namespace of the address; null: that of this process.</param>
public sealed record PostgresHost(string Address, string? Network);

/// <summary>A PostgreSQL server of our own on a temporary directory.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _data;
    private readonly string _bin;
    private readonly string? _user;
    private readonly string _settings;
    private readonly PostgresHost _host;

    private PostgresServer(PostgresHost host, string data, string bin, string? user, int port, string settings)
    {
        _host = host;
        _data = data;
        _bin = bin;
        _user = user;
        _settings = settings;
        Port = port;
    }

    /// <summary>Why there can be no server here; null: there can.</summary>
    public static string? Missing => FindBin() is null ? "PostgreSQL is not installed: `apt-get install postgresql`." : null;

    /// <summary>Its port.</summary>
    public int Port { get; }

    /// <summary>Connects this process to it, in Npgsql's words.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"Host={(_host.Network is null ? _host.Address : _data)};Port={Port};Username=cdp;Database=postgres");

    /// <summary>Connects to it from its network, as a URL.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"postgres://cdp@{_host.Address}:{Port}/postgres");

    /// <summary>CPU time that all its processes have used so far; on Linux.</summary>
    public TimeSpan Cpu
    {
        get
        {
            var main = long.Parse(File.ReadLines(Path.Combine(_data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
            var processes = Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])).Select(ProcessTimes.Read).OfType<ProcessTimes>().ToList();
            return processes.First(process => process.Id == main).WithChildren + TimeSpan.FromMicroseconds(processes.Where(process => process.Parent == main).Sum(process => process.Own.TotalMicroseconds));
        }
    }

    /// <summary>Makes and starts one; it does not run as root, so root lends it the user <c>postgres</c>.</summary>
    /// <param name="settings">Settings of the server, <c>name=value</c>.</param>
    public static Task<PostgresServer> StartAsync(params string[] settings) => StartAsync(new PostgresHost("127.0.0.1", Network: null), settings);

    /// <summary>The same elsewhere.</summary>
    public static async Task<PostgresServer> StartAsync(PostgresHost host, params string[] settings)
    {
        ArgumentNullException.ThrowIfNull(host);
        var bin = FindBin() ?? throw new InvalidOperationException(Missing);
        var user = Environment.UserName == "root" ? "postgres" : null;
        var data = Directory.CreateTempSubdirectory("cdp-pg-").FullName;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var server = new PostgresServer(host, data, bin, user, port, string.Concat(settings.Select(setting => $" -c {setting}")));
        if (user is not null) await RunAsync("chown", user, data);
        await server.ToolAsync("initdb", "-D", data, "-U", "cdp", "-A", "trust", "--no-sync");
        if (host.Network is not null) await File.AppendAllTextAsync(Path.Combine(data, "pg_hba.conf"), "host all all samenet trust\n");
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it after it was stopped or killed.</summary>
    public Task StartAgainAsync() => ToolAsync(
        "pg_ctl", "-D", _data, "-w", "-t", "60", "-l", Path.Combine(_data, "log"),
        "-o", string.Create(CultureInfo.InvariantCulture, $"-p {Port} -k {_data} -c listen_addresses={_host.Address}{_settings}"), "start");

    /// <summary>The files of its tables, indexes and what belongs to them.</summary>
    public IReadOnlyList<string> TableFiles() => Directory.GetFiles(Path.Combine(_data, "base"), "*", SearchOption.AllDirectories);

    /// <summary>Ends it as a crash would: nothing is written any more, and the next start recovers from its log.</summary>
    public Task KillAsync() => ToolAsync("pg_ctl", "-D", _data, "-w", "-m", "immediate", "stop");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(_data, "postmaster.pid"))) await KillAsync();
        Directory.Delete(_data, recursive: true);
    }

    private static string? FindBin() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(v => Path.Combine(v, "bin")).FirstOrDefault(b => File.Exists(Path.Combine(b, "initdb")))
        : null;

    private Task ToolAsync(string tool, params string[] arguments)
    {
        string[] network = _host.Network is null ? [] : ["ip", "netns", "exec", _host.Network];
        string[] user = _user is null ? [] : ["setpriv", "--reuid", _user, "--regid", _user, "--clear-groups"];
        string[] command = [.. network, .. user, Path.Combine(_bin, tool), .. arguments];
        return RunAsync(command[0], command[1..]);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // pg_ctl's server inherits our streams: they are not redirected, or we would wait for its end.
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1", program, .. arguments]);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed with {process.ExitCode}.");
    }
}
