using System.ComponentModel;
using System.Diagnostics;

namespace Cdp.Node.Tests;

/// <summary>Programs that others wrote.</summary>
internal static class Programs
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A Python that has grpcio; null: none.</summary>
    public static async Task<string?> FindPythonAsync()
    {
        foreach (var candidate in (string?[])[Environment.GetEnvironmentVariable("CDP_PYTHON"), "/usr/bin/python3", "python3"])
        {
            if (candidate is not null && await TryRunAsync(candidate, ["-c", "import grpc, google.protobuf"]))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Whether a program is there and ends well.</summary>
    public static async Task<bool> TryRunAsync(string program, IEnumerable<string> arguments)
    {
        try
        {
            return (await RunAsync(program, arguments)).ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Its path, or its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Where it runs; null: in the folder of this process.</param>
    /// <param name="environment">Its variables, beside those of this process.</param>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string program, IEnumerable<string> arguments, string? folder = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Start(program, arguments, folder, environment);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(Cancel);
            var errors = process.StandardError.ReadToEndAsync(Cancel);
            await process.WaitForExitAsync(Cancel);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <inheritdoc cref="RunAsync" />
    /// <summary>Starts a program whose output is read by the caller, who also ends it.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, string? folder = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
