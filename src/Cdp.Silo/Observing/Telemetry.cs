using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Orleans.Diagnostics;

namespace Cdp.Silo.Observing;

/// <summary>Sends metrics, traces and logs by OTLP where the standard's variable names a receiver; nowhere otherwise.</summary>
internal static class Telemetry
{
    /// <summary>The variable; the other ones of the standard (<c>OTEL_*</c>) are read by the SDK.</summary>
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>The meters that a silo shows; a <c>*</c> stands for any text.</summary>
    public static IReadOnlyList<string> Meters { get; } = ["Cdp.*", "Microsoft.Orleans", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    /// <summary>Puts what it needs into a silo.</summary>
    /// <param name="builder">The application that is built.</param>
    /// <param name="silo">Its silo.</param>
    /// <param name="cluster">Name of the cluster.</param>
    public static void AddTo(WebApplicationBuilder builder, ISiloBuilder silo, string cluster)
    {
        if (string.IsNullOrEmpty(builder.Configuration[EndpointVariable])) return;
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService("cdp-silo", serviceNamespace: cluster, autoGenerateServiceInstanceId: false)
                .AddDetector(services => new SiloResource(services.GetRequiredService<ILocalSiloDetails>()))
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics.AddMeter([.. Meters]))
            .WithTracing(traces => traces.AddSource("Cdp.*", ActivitySources.ApplicationGrainActivitySourceName).AddProcessor(new SpanFilter()))
            .WithLogging(configureBuilder: null, logs => logs.IncludeFormattedMessage = true)
            .UseOtlpExporter();
        silo.AddActivityPropagation();
    }

    /// <summary>Names the silo, as it is named in the cluster.</summary>
    private sealed class SiloResource(ILocalSiloDetails silo) : IResourceDetector
    {
        public Resource Detect() => new([new("service.instance.id", silo.SiloAddress.ToParsableString()), new("host.name", silo.DnsHostName)]);
    }
}
