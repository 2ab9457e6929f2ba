using Cdp.Client;
using Cdp.CrashKit;

namespace Cdp.Bench.Product;

/// <summary>A real <c>cdp serve</c> child on a directory of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly CdpProcess _process;
    private bool _keepData;

    private ServerProcess(CdpProcess process, Uri address, string data)
    {
        _process = process;
        Address = address;
        Data = data;
    }

    public Uri Address { get; }

    public string Data { get; }

    /// <summary>Where it answers JSON.</summary>
    public Uri HttpAddress => _process.HttpAddress ?? throw new InvalidOperationException("The server answers no JSON.");

    /// <summary>CPU time that the server has used so far.</summary>
    public TimeSpan Cpu => _process.Cpu;

    /// <summary>Resident memory in bytes.</summary>
    public long Memory => _process.Memory;

    /// <summary>Starts a server on a directory; null: one of its own.</summary>
    /// <param name="settings">Settings of the environment.</param>
    public static Task<ServerProcess> StartAsync(string? data = null, params (string Name, string Value)[] settings)
    {
        data ??= Path.Combine(Path.GetTempPath(), $"cdp-bench-{Guid.NewGuid():N}");
        return StartAsync("cdp.dll", data, ["serve", "--port", "0", "--data", data], settings);
    }

    /// <summary>Starts a child of this program that prints where it listens.</summary>
    /// <param name="program">The program, beside this one.</param>
    /// <param name="data">Its directory, which goes with it; empty: none.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Task<ServerProcess> StartAsync(string program, string data, params string[] arguments) => StartAsync(program, data, arguments, []);

    private static async Task<ServerProcess> StartAsync(string program, string data, string[] arguments, (string Name, string Value)[] settings)
    {
        var process = CdpProcess.Start(arguments, new CdpProcessOptions
        {
            Program = program,
            Environment = settings.Append((CdpProcess.AdminKeyVariable, CdpProcess.OperatorKey)).ToDictionary(setting => setting.Item1, setting => setting.Item2, StringComparer.Ordinal),
        });
        if (await process.Address is { } address) return new ServerProcess(process, address, data);
        await process.DisposeAsync();
        throw new InvalidOperationException($"The server ended before it listened: {process.Output}");
    }

    public CdpClient Connect() => CdpProcess.Connect(Address);

    /// <summary>Waits until what was written is saved and the server rests.</summary>
    public Task SettleAsync(CancellationToken cancellationToken) => SettleAsync(() => Cpu, TimeSpan.FromMilliseconds(100), cancellationToken);

    /// <summary>The same for whatever has used so much CPU time, and rests when it uses less than so much of it in a second.</summary>
    public static async Task SettleAsync(Func<TimeSpan> cpu, TimeSpan rest, CancellationToken cancellationToken)
    {
        // Snapshots follow the last event by half a minute.
        for (var rested = 0; rested < 35;)
        {
            var before = cpu();
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            rested = cpu() - before < rest ? rested + 1 : 0;
        }
    }

    /// <summary>Ends it in order and leaves its data.</summary>
    public async Task StopAsync()
    {
        await _process.SignalAsync("TERM", CancellationToken.None);
        await _process.WaitAsync(CancellationToken.None);
        _keepData = true;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        if (!_keepData && Directory.Exists(Data)) Directory.Delete(Data, recursive: true);
    }
}
