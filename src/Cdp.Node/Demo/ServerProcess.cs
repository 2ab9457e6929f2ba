using System.Collections.Concurrent;
using System.Diagnostics;
using Cdp.Grains.Hosting;
using Cdp.Node.Commands;
using Cdp.Node.Hosting;

namespace Cdp.Node.Demo;

/// <summary>This program started once more as <c>serve</c>: a process of its own, reached by nothing but its port.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string Ready = "serving on ";
    private const int LastWords = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly Task _reading;
    private readonly TaskCompletionSource<Uri> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process, TextWriter log)
    {
        _process = process;
        _reading = ReadAsync(log);
    }

    /// <summary>What to write in a shell to run this program.</summary>
    public static string CommandLine
    {
        get
        {
            var self = Self();
            return string.Join(' ', self.ArgumentList.Prepend(self.FileName));
        }
    }

    /// <summary>Number of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Where it serves.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a server and waits until it serves.</summary>
    /// <param name="dataDirectory">Where its data are.</param>
    /// <param name="postgres">The database that has them instead; null: none.</param>
    /// <param name="operatorKey">Its first key.</param>
    /// <param name="log">Takes what it prints; must be safe for two writers.</param>
    /// <param name="cancel">Gives up; the process is ended.</param>
    /// <exception cref="CommandException">It does not start.</exception>
    public static async Task<ServerProcess> StartAsync(string dataDirectory, string? postgres, string operatorKey, TextWriter log, CancellationToken cancel)
    {
        var start = Self();
        foreach (var argument in (ReadOnlySpan<string>)["serve", "--port", "0"]) start.ArgumentList.Add(argument);
        start.Environment[OperatorKeyFile.Variable] = operatorKey;
        start.Environment["Cdp__DataDirectory"] = dataDirectory;
        if (postgres is null) start.Environment.Remove("Cdp__Postgres");
        else start.Environment["Cdp__Postgres"] = postgres;
        start.Environment.Remove(CrashAt.Variable);
        // A runtime that is killed leaves its diagnostic pipes in the temporary directory.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var server = new ServerProcess(Process.Start(start) ?? throw new CommandException("The server's process could not be started."), log);
        try
        {
            server.Address = await server._ready.Task.WaitAsync(Patience, cancel);
            return server;
        }
        catch (TimeoutException e)
        {
            await server.DisposeAsync();
            throw new CommandException($"The server did not serve within {Patience.TotalSeconds:0} s.", e);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends it as <c>kill -9</c> does: nothing is saved, nothing is said.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>What it said last on its standard error.</summary>
    public string Complaint() => _errors.IsEmpty ? "it said nothing" : string.Join(" | ", _errors);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        await _reading;
        _process.Dispose();
    }

    private static ProcessStartInfo Self()
    {
        var assembly = typeof(ServerProcess).Assembly;
        var running = Environment.ProcessPath ?? "dotnet";
        if (Path.GetFileNameWithoutExtension(running) == assembly.GetName().Name) return new ProcessStartInfo(running);
        var host = Path.GetFileNameWithoutExtension(running) == "dotnet" ? running : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        return new ProcessStartInfo(host) { ArgumentList = { assembly.Location } };
    }

    private async Task ReadAsync(TextWriter log)
    {
        await Task.WhenAll(ReadOutputAsync(log), ReadErrorsAsync(log));
        await _process.WaitForExitAsync();

        // After both: it may say why on one of them when the other has ended.
        _ready.TrySetException(new CommandException($"The server ended at its start with exit code {_process.ExitCode}: {Complaint()}"));
    }

    private async Task ReadOutputAsync(TextWriter log)
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            await log.WriteLineAsync(line);
            if (line.StartsWith(Ready, StringComparison.Ordinal) && Uri.TryCreate(line[Ready.Length..].Split(' ')[0], UriKind.Absolute, out var address))
                _ready.TrySetResult(address);
        }
    }

    private async Task ReadErrorsAsync(TextWriter log)
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            await log.WriteLineAsync(line);
            _errors.Enqueue(line);
            if (_errors.Count > LastWords) _errors.TryDequeue(out _);
        }
    }
}
