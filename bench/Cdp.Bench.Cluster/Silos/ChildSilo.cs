using Cdp.Grains.Ports;
using Cdp.Silo.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cdp.Bench.Cluster.Silos;

/// <summary>What <c>cdp-silo</c> runs, with an endpoint for counters beside those for health.</summary>
internal static class ChildSilo
{
    /// <summary>Names it on the command line.</summary>
    public const string Command = "silo";

    /// <summary>Where counters are read.</summary>
    public const string CountersPath = "/counters";

    /// <summary>The settings, from the environment.</summary>
    public static SiloOptions Settings { get; } = SiloOptions.Read(new ConfigurationBuilder().AddEnvironmentVariables().Build());

    /// <summary>Serves until the process is told to end.</summary>
    public static async Task ServeAsync()
    {
        using var meter = new OrleansMeter();
        await using var store = await SiloStore.OpenAsync(Settings, CancellationToken.None);
        var key = OperatorKey.Read(Environment.GetEnvironmentVariable(OperatorKey.Variable));
        await using var application = SiloApplication.Build(Settings, key, store, NoStepObserver.Instance);
        application.MapGet(CountersPath, meter.Read);
        await application.StartAsync();
        var gateway = application.Services.GetRequiredService<GatewayHost>();
        await gateway.OpenAsync(CancellationToken.None);
        Announce(application, gateway.Url!);
        await application.WaitForShutdownAsync();
    }

    /// <summary>Tells whoever started the process where it listens.</summary>
    public static void Announce(WebApplication application, string gateway)
    {
        Console.WriteLine($"counters on {application.Urls.First()}");
        Console.WriteLine($"serving on {gateway}");
    }
}
