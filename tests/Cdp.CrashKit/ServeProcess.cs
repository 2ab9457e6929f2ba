using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Cdp.Client;

namespace Cdp.CrashKit;

/// <summary>A real <c>cdp serve</c> child, which the program that starts it has beside its own assemblies.</summary>
public sealed partial class ServeProcess : IAsyncDisposable
{
    /// <summary>What the exit code says after SIGKILL.</summary>
    public const int Killed = 128 + 9;

    private const string OperatorKey = "operator-key-of-the-crash-tests";
    private const int LinesKept = 40;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<Uri?> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;

    private ServeProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, ends: true), ReadAsync(process.StandardError, ends: false));
    }

    /// <summary>Completes when it listens, with its address; null: it ended before.</summary>
    public Task<Uri?> Address => _address.Task;

    public bool HasExited => _process.HasExited;

    /// <summary>The last lines that it wrote, for whoever asks why it ended.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Starts a child on a data directory.</summary>
    /// <param name="data">The directory.</param>
    /// <param name="crashAt">Where it is to kill itself, as <c>step:n</c>; null: nowhere.</param>
    /// <param name="partitions">Partitions of a log that is made now; null: the default.</param>
    /// <param name="tracer">A program and its arguments to run the child under.</param>
    public static ServeProcess Start(string data, string? crashAt = null, int? partitions = null, params string[] tracer)
    {
        string[] command =
        [
            .. tracer, "dotnet", Path.Combine(AppContext.BaseDirectory, "cdp.dll"), "serve", "--port", "0", "--data", data,
            .. partitions is { } count ? ["--partitions", count.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
        ];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["CDP_ADMIN_KEY"] = OperatorKey;
        start.Environment["DOTNET_TieredPGO"] = "0";
        if (crashAt is not null) start.Environment["CDP_CRASH_AT"] = crashAt;
        return new ServeProcess(Process.Start(start)!);
    }

    /// <summary>A client with the operator's key.</summary>
    public static CdpClient Connect(Uri address) => new(address, OperatorKey);

    /// <summary>Kills it as <c>kill -9</c> does, wherever it is.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <summary>Waits for its end and returns its exit code.</summary>
    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _reading.WaitAsync(cancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await WaitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, bool ends)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            _lines.Enqueue(line);
            while (_lines.Count > LinesKept) _lines.TryDequeue(out _);
            if (Serving().Match(line) is { Success: true } match) _address.TrySetResult(new Uri(match.Groups["address"].Value));
        }

        if (ends) _address.TrySetResult(null);
    }

    [GeneratedRegex(@"serving on (?<address>http://\S+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Serving();
}
