using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Cdp.Client;

namespace Cdp.Bench.Product;

/// <summary>A real <c>cdp serve</c> child on a directory of its own.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private const string Key = "operator-key-of-the-benchmarks";

    private readonly Process _process;
    private bool _keepData;

    private ServerProcess(Process process, Uri address, string data)
    {
        _process = process;
        Address = address;
        Data = data;
    }

    public Uri Address { get; }

    public string Data { get; }

    /// <summary>CPU time that the server has used so far.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Resident memory in bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static Task<ServerProcess> StartAsync(string? data = null, params (string Name, string Value)[] settings) =>
        StartAsync("cdp.dll", "serve --port 0 --data", data ?? Path.Combine(Path.GetTempPath(), $"cdp-bench-{Guid.NewGuid():N}"), settings);

    /// <summary>Starts a child of this program that prints where it listens.</summary>
    public static async Task<ServerProcess> StartAsync(string dll, string arguments, string data, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", $"{Path.Combine(AppContext.BaseDirectory, dll)} {arguments} {data}")
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["CDP_ADMIN_KEY"] = Key;
        foreach (var (name, value) in settings) start.Environment[name] = value;
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (Serving().Match(line) is { Success: true } match) return new ServerProcess(process, new Uri(match.Groups["url"].Value), data);
        }

        await process.WaitForExitAsync();
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The server ended with {process.ExitCode} before it listened."));
    }

    public CdpClient Connect() => new(Address, Key);

    /// <summary>Waits until what was written is saved and the server rests.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        // Snapshots follow the last event by half a minute.
        for (var rested = 0; rested < 35;)
        {
            var before = Cpu;
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            rested = Cpu - before < TimeSpan.FromMilliseconds(100) ? rested + 1 : 0;
        }
    }

    /// <summary>Ends it in order and leaves its data.</summary>
    public async Task StopAsync()
    {
        using (Process.Start("kill", string.Create(CultureInfo.InvariantCulture, $"-TERM {_process.Id}")))
            await _process.WaitForExitAsync();
        _keepData = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        if (!_keepData && Directory.Exists(Data)) Directory.Delete(Data, recursive: true);
    }

    [GeneratedRegex(@"serving on (?<url>http://\S+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Serving();
}
