using Cdp.Node.Tests;
using Cdp.Rpc.Tests.Harness;
using Google.Protobuf;

namespace Cdp.Rpc.Tests;

/// <summary>Clients that others wrote, as processes of their own.</summary>
public sealed class ForeignClientTests(ProbeServer server) : IClassFixture<ProbeServer>
{
    private const int FewestChecks = 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Grpc_js_passes_every_check()
    {
        var folder = Foreign.Folder("node");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules", "@grpc", "grpc-js")), "@grpc/grpc-js is not installed: run `npm ci` in Foreign/node.");
        Assert.SkipUnless(await Programs.TryRunAsync("node", ["--version"]), "node is not installed.");

        await RunChecksAsync("node", Path.Combine(folder, "conformance.js"), server.Server.Port);
    }

    [Fact]
    public async Task Connect_node_passes_every_check_over_HTTP_1()
    {
        var folder = Foreign.Folder("node");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules", "@connectrpc", "connect-node")), "@connectrpc/connect-node is not installed: run `npm ci` in Foreign/node.");
        Assert.SkipUnless(await Programs.TryRunAsync("node", ["--version"]), "node is not installed.");

        await RunChecksAsync("node", Path.Combine(folder, "connect.mjs"), server.Server.HttpEndPoint!.Port);
    }

    [Fact]
    public async Task Python_grpcio_passes_every_check()
    {
        var python = await Programs.FindPythonAsync();
        Assert.SkipWhen(python is null, "No python3 with grpcio and protobuf: install python3-grpcio and python3-protobuf, or set CDP_PYTHON.");

        await RunChecksAsync(python!, Path.Combine(Foreign.Folder("python"), "conformance.py"), server.Server.Port);
    }

    private async Task RunChecksAsync(string program, string script, int port)
    {
        var descriptors = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(descriptors, Foreign.Descriptors().ToByteArray(), Cancel);
            var (exitCode, output, errors) = await Programs.RunAsync(program, [script, $"127.0.0.1:{port}", descriptors]);

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
