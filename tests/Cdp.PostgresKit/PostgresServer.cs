using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Cdp.PostgresKit;

/// <summary>A PostgreSQL server of our own on a temporary directory.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _data;
    private readonly string _bin;
    private readonly string? _user;
    private readonly string _settings;

    private PostgresServer(string data, string bin, string? user, int port, string settings)
    {
        _data = data;
        _bin = bin;
        _user = user;
        _settings = settings;
        Port = port;
    }

    /// <summary>Why there can be no server here; null: there can.</summary>
    public static string? Missing => FindBin() is null ? "PostgreSQL is not installed: `apt-get install postgresql`." : null;

    /// <summary>Port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Connects to it, in Npgsql's words.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username=cdp;Database=postgres");

    /// <summary>Connects to it, as a URL.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"postgres://cdp@127.0.0.1:{Port}/postgres");

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
    public static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        var bin = FindBin() ?? throw new InvalidOperationException(Missing);
        var user = Environment.UserName == "root" ? "postgres" : null;
        var data = Directory.CreateTempSubdirectory("cdp-pg-").FullName;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var server = new PostgresServer(data, bin, user, port, string.Concat(settings.Select(setting => $" -c {setting}")));
        if (user is not null) await RunAsync("chown", user, data);
        await server.ToolAsync("initdb", "-D", data, "-U", "cdp", "-A", "trust", "--no-sync");
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it after it was stopped or killed.</summary>
    public Task StartAgainAsync() => ToolAsync(
        "pg_ctl", "-D", _data, "-w", "-t", "60", "-l", Path.Combine(_data, "log"),
        "-o", string.Create(CultureInfo.InvariantCulture, $"-p {Port} -k {_data} -c listen_addresses=127.0.0.1{_settings}"), "start");

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
