using System.Diagnostics;
using System.Globalization;
using Azure.Data.Tables;
using Cdp.CrashKit;

namespace Cdp.Silo.Tests.Azure;

/// <summary>The table service of Azurite, as <c>samples/azure-local</c> brings it, on a port and a directory of its own.</summary>
internal sealed class Azurite : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly string _directory;

    private Azurite(Process process, string directory, int port)
    {
        (_process, _directory) = (process, directory);
        Tables = string.Create(CultureInfo.InvariantCulture, $"{Account};TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1");
    }

    /// <summary>Why there is none; null: it can be started.</summary>
    public static string? Missing => File.Exists(Program) ? null : "Azurite is not installed: npm ci in samples/azure-local.";

    /// <summary>A connection string.</summary>
    public string Tables { get; }

    /// <summary>The account that Azurite documents.</summary>
    private static string Account =>
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static string Program => Path.Combine(Root, "samples", "azure-local", "node_modules", ".bin", "azurite-table");

    private static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Orleans.Cdp.sln"))) folder = Path.GetDirectoryName(folder)!;
            return folder;
        }
    }

    /// <summary>Starts it; returns when it answers.</summary>
    public static async Task<Azurite> StartAsync(CancellationToken cancellationToken)
    {
        Assert.SkipWhen(Missing is not null && Environment.GetEnvironmentVariable("CI") is null, Missing ?? "");
        var directory = Directory.CreateTempSubdirectory("cdp-azurite-").FullName;
        var port = CdpProcess.FreePort();
        var start = new ProcessStartInfo(
            Program, ["--tableHost", "127.0.0.1", "--tablePort", port.ToString(CultureInfo.InvariantCulture), "--location", directory, "--silent", "--skipApiVersionCheck", "--disableTelemetry"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var azurite = new Azurite(Process.Start(start)!, directory, port);
        var client = new TableServiceClient(azurite.Tables);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        while (true)
        {
            try
            {
                await client.CreateTableIfNotExistsAsync("probe", patience.Token);
                return azurite;
            }
            catch (Exception e) when (e is global::Azure.RequestFailedException or AggregateException && !azurite._process.HasExited)
            {
                await Task.Delay(100, patience.Token);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
