using Cdp.CrashKit;

namespace Cdp.Node.Tests.QuickStarts;

/// <summary>A server process on an empty directory, and the quick-starts as a newcomer starts them.</summary>
public sealed class QuickStartServer : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private CdpProcess? _process;
    private Uri _address = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _process = CdpProcess.Serve(_folder.File("data"));
        _address = await _process.Address.WaitAsync(Cancel) ?? throw new InvalidOperationException($"The server ended: {_process.Output}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>The one command of the README that starts a quick-start.</summary>
    public static string Command(string name) =>
        File.ReadLines(Path.Combine(Repository.Root, "README.md")).Single(line => line.Contains($"samples/quick-starts/{name}", StringComparison.Ordinal) && !line.Contains('|', StringComparison.Ordinal));

    /// <summary>Runs a command from the root of the repository to its end.</summary>
    public Task<(int ExitCode, string Output, string Errors)> RunAsync(string command, string key = CdpProcess.OperatorKey) =>
        Programs.RunAsync("bash", ["-c", command], Repository.Root, Environment(key));

    /// <summary>Starts a command that runs until it is ended.</summary>
    public System.Diagnostics.Process Start(string command) => Programs.Start("bash", ["-c", $"exec {command}"], Repository.Root, Environment(CdpProcess.OperatorKey));

    private Dictionary<string, string> Environment(string key) => new(StringComparer.Ordinal)
    {
        ["CDP_KEY"] = key,
        ["CDP_URL"] = _address.ToString(),
        ["CDP_HTTP_URL"] = _process!.HttpAddress!.GetLeftPart(UriPartial.Authority),
        // A builder that stays behind would hold the pipes that this process reads to their end.
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["UseSharedCompilation"] = "false",
        // As these tests were built: with analyzers, what the quick-start stands on would be compiled anew, for minutes.
        ["RunAnalyzers"] = "false",
    };
}
