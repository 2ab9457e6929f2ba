using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Cdp.Rpc.Serving;

/// <summary>What meters of this process show, in Prometheus' text format or, for who asks for it, in that of OpenMetrics.</summary>
/// <remarks>Counts from when it is made.</remarks>
internal sealed class MetricsPage : IDisposable
{
    /// <summary>Where it stands.</summary>
    public const string Path = "/metrics";

    private readonly ServiceProvider _services;
    private readonly MeterProvider _meters;
    private readonly RequestDelegate _serve;

    /// <summary>Begins to listen to meters.</summary>
    /// <param name="meters">Their names; a <c>*</c> stands for any text.</param>
    public MetricsPage(IEnumerable<string> meters)
    {
        _services = new ServiceCollection().AddOptions().BuildServiceProvider();
        _meters = Sdk.CreateMeterProviderBuilder().AddMeter([.. meters]).AddPrometheusExporter().Build();
        _serve = new ApplicationBuilder(_services).UseOpenTelemetryPrometheusScrapingEndpoint(_meters, predicate: static _ => true, path: null, configureBranchedPipeline: null, optionsName: null).Build();
    }

    /// <summary>Answers a GET.</summary>
    public Task ServeAsync(HttpContext http) => _serve(http);

    /// <inheritdoc/>
    public void Dispose()
    {
        _meters.Dispose();
        _services.Dispose();
    }
}
