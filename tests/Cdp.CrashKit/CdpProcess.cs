using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Cdp.Client;

namespace Cdp.CrashKit;

/// <summary>How a child is started.</summary>
public sealed record CdpProcessOptions
{
    /// <summary>The program: its path, or its name in the folder that CDP_PROGRAMS names or else beside the assemblies of the one that starts it.</summary>
    public string Program { get; init; } = "cdp.dll";

    /// <summary>A program and its arguments to run the child under.</summary>
    public IReadOnlyList<string> Tracer { get; init; } = [];

    /// <summary>Environment variables, beside those of this process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The working directory; null: that of this process.</summary>
    public string? WorkingDirectory { get; init; }
}

/// <summary>A real child process: <c>cdp serve</c>, or any other command of <c>cdp</c>.</summary>
public sealed partial class CdpProcess : IAsyncDisposable
{
    /// <summary>What the exit code says after SIGKILL.</summary>
    public const int Killed = 128 + 9;

    /// <summary>The operator's key of servers that are started by <see cref="Serve"/>.</summary>
    public const string OperatorKey = "operator-key-of-the-child";

    /// <summary>Names the variable that gives a server its operator's key.</summary>
    public const string AdminKeyVariable = "CDP_ADMIN_KEY";

    private const string JsonOn = "JSON over HTTP on ";

    /// <summary>Names the variable that names a folder of programs that were compiled to machine code, which need a third less CPU to start.</summary>
    private const string ProgramsVariable = "CDP_PROGRAMS";

    /// <summary>How long a child may take to listen, to answer or to end before that counts as a failure.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _printed = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly TaskCompletionSource<Uri?> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;

    private CdpProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _printed, ends: true), ReadAsync(process.StandardError, _errors, ends: false));
    }

    /// <summary>Completes when it listens, with its address; null: it ended before.</summary>
    /// <exception cref="TimeoutException">It does neither.</exception>
    public Task<Uri?> Address => WithinAsync(_address.Task, "listens", CancellationToken.None);

    /// <summary>Where it answers JSON over HTTP, once <see cref="Address"/> is known; null: nowhere.</summary>
    public Uri? HttpAddress => _printed.FirstOrDefault(line => line.StartsWith(JsonOn, StringComparison.Ordinal)) is { } line ? new Uri(line[JsonOn.Length..]) : null;

    public bool HasExited => _process.HasExited;

    /// <summary>What it wrote to its standard output so far; all of it once it was waited for.</summary>
    public string Printed => string.Join('\n', _printed);

    /// <summary>What it wrote to its standard error so far; all of it once it was waited for.</summary>
    public string Errors => string.Join('\n', _errors);

    /// <summary>Both, for whoever asks why it ended.</summary>
    public string Output => $"{Printed}\n{Errors}";

    /// <summary>CPU time that it has used so far.</summary>
    public TimeSpan Cpu => Refreshed().TotalProcessorTime;

    /// <summary>Resident memory in bytes.</summary>
    public long Memory => Refreshed().WorkingSet64;

    /// <summary>Starts a child.</summary>
    public static CdpProcess Start(IReadOnlyList<string> arguments, CdpProcessOptions options)
    {
        string[] command = [.. options.Tracer, "dotnet", PathOf(options.Program), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (options.WorkingDirectory is { } folder) start.WorkingDirectory = folder;
        foreach (var (name, value) in options.Environment) start.Environment[name] = value;
        return new CdpProcess(Process.Start(start)!);
    }

    /// <summary>Starts a server on a data directory, or on a PostgreSQL database.</summary>
    /// <param name="data">The directory, or the database's URL.</param>
    /// <param name="crashAt">Where it is to kill itself, as <c>step:n</c>; null: nowhere.</param>
    /// <param name="partitions">Partitions of a log that is made now; null: the default.</param>
    /// <param name="settings">Its settings by the variables of the environment that give them; null: the defaults.</param>
    /// <param name="tracer">A program and its arguments to run the child under.</param>
    public static CdpProcess Serve(string data, string? crashAt = null, int? partitions = null, IReadOnlyDictionary<string, string>? settings = null, params string[] tracer)
    {
        var environment = new Dictionary<string, string>(settings ?? new Dictionary<string, string>()) { [AdminKeyVariable] = OperatorKey, ["DOTNET_TieredPGO"] = "0" };
        if (crashAt is not null) environment["CDP_CRASH_AT"] = crashAt;
        string[] count = partitions is { } number ? ["--partitions", number.ToString(CultureInfo.InvariantCulture)] : [];
        var place = data.StartsWith("postgres://", StringComparison.Ordinal) ? "--postgres" : "--data";
        return Start(["serve", "--port", "0", place, data, .. count], new CdpProcessOptions { Tracer = tracer, Environment = environment });
    }

    /// <summary>Starts a command against a server that <see cref="Serve"/> started.</summary>
    public static CdpProcess Call(Uri address, params string[] arguments) => Start(arguments, Calling(address));

    /// <summary>The same as a shell starts it in the foreground: Ctrl-C reaches it, even where this process ignores it.</summary>
    public static CdpProcess CallInForeground(Uri address, params string[] arguments) => Start(arguments, Calling(address) with { Tracer = ["env", "--default-signal=INT"] });

    /// <summary>A port of this machine that nobody listens at now.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>A client with the operator's key.</summary>
    public static CdpClient Connect(Uri address) => new(address, OperatorKey, new RpcChannelOptions { DefaultTimeout = Patience });

    /// <summary>Kills it as <c>kill -9</c> does, wherever it is.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <summary>Waits for its end, however long that takes.</summary>
    public Task ExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>Sends it a signal, e.g. <c>INT</c> as Ctrl-C does.</summary>
    public async Task SignalAsync(string signal, CancellationToken cancellationToken)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(cancellationToken);
        if (kill.ExitCode != 0) throw new InvalidOperationException($"The child got no signal {signal}: {Output}");
    }

    /// <summary>Waits for its end and returns its exit code.</summary>
    /// <exception cref="TimeoutException">It does not end.</exception>
    public Task<int> WaitAsync(CancellationToken cancellationToken) => WithinAsync(EndAsync(cancellationToken), "has ended", cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Kill();
        await WaitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private static string PathOf(string program) =>
        Environment.GetEnvironmentVariable(ProgramsVariable) is { Length: > 0 } folder && Path.Combine(folder, program) is var path && File.Exists(path)
            ? path
            : Path.Combine(AppContext.BaseDirectory, program);

    private static CdpProcessOptions Calling(Uri address) => new()
    {
        Environment = new Dictionary<string, string> { ["CDP_URL"] = address.ToString(), ["CDP_KEY"] = OperatorKey },
    };

    private async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _reading.WaitAsync(cancellationToken);
        return _process.ExitCode;
    }

    private async Task<T> WithinAsync<T>(Task<T> work, string expected, CancellationToken cancellationToken)
    {
        try
        {
            return await work.WaitAsync(Patience, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Within {Patience.TotalMinutes:0} minutes the child neither {expected} nor says why; it wrote:\n{Output}", e);
        }
    }

    private Process Refreshed()
    {
        _process.Refresh();
        return _process;
    }

    private async Task ReadAsync(StreamReader reader, ConcurrentQueue<string> lines, bool ends)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Enqueue(line);
            if (Serving().Match(line) is { Success: true } match) _address.TrySetResult(new Uri(match.Groups["address"].Value));
        }

        if (ends) _address.TrySetResult(null);
    }

    [GeneratedRegex(@"serving on (?<address>https?://\S+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Serving();
}
