using Cdp.EngineContract;
using Cdp.Grains.Ports;
using Cdp.Orleans.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using PlainType = Cdp.Grains.Ports.GrainType;

namespace Cdp.Orleans.Tests.Hosting;

/// <summary>A silo as the contract suites see it.</summary>
internal sealed class SiloUnderTest(InProcessTestCluster cluster) : IEngineUnderTest
{
    private IServiceProvider Services => cluster.Silos[0].ServiceProvider;

    public IGrains Grains { get; } = cluster.Silos[0].ServiceProvider.GetRequiredService<IGrains>();

    public static SiloUnderTest Create(IEnumerable<PlainType> types, TimeProvider time, int? maxActivations)
    {
        PlainType[] kinds = [.. types];
        var options = new GrainHostingOptions();
        if (maxActivations is { } max) options = options with { MaxActivations = max };
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) => silo.AddPlainGrains(_ => kinds, time, [typeof(ScriptedHost), typeof(CalleeHost)], options));
        builder.ConfigureClient(client => client.Services.AddPlainMessages());
        var cluster = builder.Build();
        cluster.DeployAsync().GetAwaiter().GetResult();
        return new SiloUnderTest(cluster);
    }

    public Task CollectAsync(CancellationToken cancellationToken) => Services.GetRequiredService<GrainHosting>().Residents.CollectAsync(cancellationToken);

    public Task StopAsync()
    {
        // As a silo's process does before anything else.
        Services.GetRequiredService<GrainHosting>().IsStopping = true;
        return cluster.StopAllSilosAsync();
    }

    public async ValueTask DisposeAsync() => await cluster.DisposeAsync();
}
