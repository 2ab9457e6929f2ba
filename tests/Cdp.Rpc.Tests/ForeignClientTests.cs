using System.Diagnostics;
using System.Runtime.CompilerServices;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Health.V1;

namespace Cdp.Rpc.Tests;

/// <summary>Clients that others wrote, as processes of their own.</summary>
public sealed class ForeignClientTests(ProbeServer server) : IClassFixture<ProbeServer>
{
    private const int FewestChecks = 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Grpc_js_passes_every_check()
    {
        var folder = Folder("node");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules", "@grpc", "grpc-js")), "@grpc/grpc-js is not installed: run `npm ci` in Foreign/node.");
        Assert.SkipUnless(await TryRunAsync("node", ["--version"]), "node is not installed.");

        await RunChecksAsync("node", Path.Combine(folder, "conformance.js"), server.Server.Port);
    }

    [Fact]
    public async Task Connect_node_passes_every_check_over_HTTP_1()
    {
        var folder = Folder("node");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules", "@connectrpc", "connect-node")), "@connectrpc/connect-node is not installed: run `npm ci` in Foreign/node.");
        Assert.SkipUnless(await TryRunAsync("node", ["--version"]), "node is not installed.");

        await RunChecksAsync("node", Path.Combine(folder, "connect.mjs"), server.Server.HttpEndPoint!.Port);
    }

    [Fact]
    public async Task Python_grpcio_passes_every_check()
    {
        var python = await FindPythonAsync();
        Assert.SkipWhen(python is null, "No python3 with grpcio and protobuf: install python3-grpcio and python3-protobuf, or set CDP_PYTHON.");

        await RunChecksAsync(python!, Path.Combine(Folder("python"), "conformance.py"), server.Server.Port);
    }

    private static string Folder(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "Foreign", name);

    private static async Task<string?> FindPythonAsync()
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

    private static async Task<bool> TryRunAsync(string program, IEnumerable<string> arguments)
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

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, IEnumerable<string> arguments)
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

    private static FileDescriptorSet Descriptors()
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

    private async Task RunChecksAsync(string program, string script, int port)
    {
        var descriptors = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(descriptors, Descriptors().ToByteArray(), Cancel);
            var (exitCode, output, errors) = await RunAsync(program, [script, $"127.0.0.1:{port}", descriptors]);

            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            var failed = lines.Where(line => !line.StartsWith("ok ", StringComparison.Ordinal)).ToList();
            Assert.True(failed.Count == 0, string.Join('\n', failed));
            Assert.True(exitCode == 0, errors);
            Assert.True(lines.Length >= FewestChecks, $"Only {lines.Length} checks ran. {errors}");
            Assert.All(server.Log.Errors, error => Assert.Equal(ProbeService.SecretText, error.Message));
        }
        finally
        {
            File.Delete(descriptors);
        }
    }
}
