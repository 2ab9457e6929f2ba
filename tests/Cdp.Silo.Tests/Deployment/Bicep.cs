using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Cdp.Silo.Tests.Deployment;

/// <summary>The compiler of Bicep, as a program.</summary>
internal static class Bicep
{
    /// <summary>Why it is not here; null: it is, or the build failed to bring it.</summary>
    public static string? Missing { get; } = OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture == Architecture.X64
        ? null
        : "The compiler of Bicep comes with the tests for Linux on x64 alone.";

    /// <summary>Runs it; returns what it wrote, first to its output, then of errors and warnings.</summary>
    /// <exception cref="InvalidOperationException">It refused.</exception>
    public static async Task<(string Output, string Diagnostics)> RunAsync(
        string folder, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program(), arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var diagnostics = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? (output, await diagnostics)
            : throw new InvalidOperationException($"bicep {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}{await diagnostics}");
    }

    private static string Program() =>
        typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "BicepPath").Value!.Replace('\\', '/');
}
