using System.Diagnostics;
using System.Text.RegularExpressions;
using Cdp.Node.Tests;

namespace Cdp.House.Tests;

/// <summary>A node as a newcomer starts it: the executable as a process, an empty directory, any free port.</summary>
public sealed partial class RunningNode : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private Process? _process;
    private string _url = "";

    public async ValueTask InitializeAsync()
    {
        _process = Process.Start(Command(["serve", "--data", _folder.File("data"), "--port", "0"]))!;
        while (_url.Length == 0)
        {
            var line = await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)
                ?? throw new InvalidOperationException("The node ended: " + await _process.StandardError.ReadToEndAsync());
            if (Serving().Match(line) is { Success: true } serving) _url = serving.Groups["url"].Value;
        }
    }

    /// <summary>Runs one command against the node; returns what it printed and its exit code.</summary>
    public async Task<(string Printed, int ExitCode)> RunAsync(IReadOnlyList<string> arguments)
    {
        var start = Command(arguments);
        start.WorkingDirectory = Repository.Root;
        start.Environment["CDP_URL"] = _url;
        start.Environment["CDP_KEY_FILE"] = _folder.File(Path.Combine("data", "operator.key"));
        using var command = Process.Start(start)!;
        var output = command.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = command.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await command.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (await output + await errors, command.ExitCode);
    }

    public ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            if (!process.HasExited) process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        _folder.Dispose();
        return default;
    }

    private static ProcessStartInfo Command(IReadOnlyList<string> arguments) =>
        new("dotnet", [Path.Combine(AppContext.BaseDirectory, "cdp.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

    [GeneratedRegex("^serving on (?<url>http://[^ ]+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Serving();
}
