using System.Text.RegularExpressions;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.V1;

namespace Cdp.Silo.Tests.Processes;

/// <summary>One silo as a process on a directory of its own.</summary>
internal sealed partial class LocalSilo : IAsyncDisposable
{
    private readonly DirectoryInfo _data;
    private readonly CdpProcess _process;

    private LocalSilo(DirectoryInfo data, CdpProcess process, Uri address)
    {
        (_data, _process) = (data, process);
        Client = CdpProcess.Connect(address);
        Health = HealthOf(process);
    }

    /// <summary>A client with the operator's key.</summary>
    public CdpClient Client { get; }

    /// <summary>Where its health endpoints are.</summary>
    public Uri Health { get; }

    /// <summary>What it wrote so far.</summary>
    public string Output => _process.Output;

    /// <summary>Starts one; returns when it serves.</summary>
    public static async Task<LocalSilo> StartAsync(params (string Name, string Value)[] settings)
    {
        var data = Directory.CreateTempSubdirectory("cdp-silo-");
        var environment = SiloProcesses.Environment([("Cdp__DataDirectory", data.FullName), .. settings]);
        var process = CdpProcess.Start([], new CdpProcessOptions { Program = "cdp-silo.dll", Environment = environment });
        var address = await process.Address ?? throw new InvalidOperationException($"The silo did not start.\n{process.Output}");
        return new LocalSilo(data, process, address);
    }

    /// <summary>Where the health endpoints of a silo are that serves.</summary>
    public static Uri HealthOf(CdpProcess silo) => new(HealthAddress().Match(silo.Printed).Groups["address"].Value);

    /// <summary>An event of a customer whose address is <see cref="EmailOf"/>.</summary>
    public static Event EventOf(int customer, int number) => new()
    {
        Id = $"{customer}-{number}", Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web",
        Identifiers = { new Identifier { Namespace = "email", Value = EmailOf(customer) } },
    };

    /// <summary>The identifier of a customer.</summary>
    public static string EmailOf(int customer) => $"somebody{customer}@example.com";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _process.DisposeAsync();
        _data.Delete(recursive: true);
    }

    [GeneratedRegex(@"health on (?<address>http://[^)]+)\)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex HealthAddress();
}
