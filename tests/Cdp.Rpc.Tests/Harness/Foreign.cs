using System.Diagnostics;
using System.Runtime.CompilerServices;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Health.V1;

namespace Cdp.Rpc.Tests.Harness;

/// <summary>Programs that others wrote.</summary>
internal static class Foreign
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Folder of clients in a language.</summary>
    public static string Folder(string name) => Path.GetFullPath(Path.Combine(Here(), "..", "Foreign", name));

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
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
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

    /// <summary>What clients without generated code read the services from.</summary>
    public static FileDescriptorSet Descriptors()
    {
        var files = new Dictionary<string, FileDescriptor>(StringComparer.Ordinal);
        var set = new FileDescriptorSet();
        Add(ProbeReflection.Descriptor);
        Add(HealthReflection.Descriptor);
        Add(StatusReflection.Descriptor);
        Add(ErrorDetailsReflection.Descriptor);
        return set;

        void Add(FileDescriptor file)
        {
            if (files.TryAdd(file.Name, file))
            {
                foreach (var dependency in file.Dependencies)
                {
                    Add(dependency);
                }

                set.File.Add(file.ToProto());
            }
        }
    }

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
