using Cdp.CrashKit;
using Cdp.Node.Tests;

namespace Cdp.House.Tests;

/// <summary>A node as a newcomer starts it: the executable as a process, an empty directory, any free port.</summary>
public sealed class RunningNode : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private CdpProcess? _process;
    private string _url = "";

    public async ValueTask InitializeAsync()
    {
        _process = CdpProcess.Start(["serve", "--data", _folder.File("data"), "--port", "0"], new CdpProcessOptions());
        var address = await _process.Address.WaitAsync(TestContext.Current.CancellationToken);
        _url = address?.ToString() ?? throw new InvalidOperationException($"The node ended: {_process.Output}");
    }

    /// <summary>Runs one command against the node; returns what it printed and its exit code.</summary>
    public async Task<(string Printed, int ExitCode)> RunAsync(IReadOnlyList<string> arguments)
    {
        await using var command = CdpProcess.Start(arguments, new CdpProcessOptions
        {
            WorkingDirectory = Repository.Root,
            Environment = new Dictionary<string, string> { ["CDP_URL"] = _url, ["CDP_KEY_FILE"] = _folder.File(Path.Combine("data", "operator.key")) },
        });
        var code = await command.WaitAsync(TestContext.Current.CancellationToken);
        return (command.Output, code);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }
}
