using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Cdp.Node.Observing;

/// <summary>Sends metrics, traces and logs by OTLP where the standard's variable names a receiver; nowhere otherwise.</summary>
internal sealed class Telemetry : IDisposable
{
    /// <summary>The variable; the other ones of the standard (<c>OTEL_*</c>) are read by the SDK.</summary>
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private readonly MeterProvider _meters;
    private readonly TracerProvider _traces;

    private Telemetry(IEnumerable<string> meters)
    {
        _meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(Who()).AddMeter([.. meters]).AddOtlpExporter().Build();
        _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(Who()).AddSource("Cdp.*").AddOtlpExporter().Build();
    }

    /// <summary>Sends metrics and traces from now on; null where no receiver is named.</summary>
    /// <param name="variable">Reads a variable of the environment.</param>
    /// <param name="meters">What to send; a <c>*</c> stands for any text.</param>
    public static Telemetry? Start(Func<string, string?> variable, IEnumerable<string> meters) => IsWanted(variable) ? new Telemetry(meters) : null;

    /// <summary>Sends what is logged, beside wherever else it goes; does nothing where no receiver is named.</summary>
    public static ILoggingBuilder AddLogs(ILoggingBuilder logging, Func<string, string?> variable) => IsWanted(variable)
        ? logging.AddOpenTelemetry(logs =>
        {
            logs.IncludeFormattedMessage = true;
            logs.SetResourceBuilder(Who()).AddOtlpExporter();
        })
        : logging;

    /// <summary>Sends the rest.</summary>
    public void Dispose()
    {
        _traces.Dispose();
        _meters.Dispose();
    }

    private static bool IsWanted(Func<string, string?> variable) => variable(EndpointVariable) is { Length: > 0 };

    private static ResourceBuilder Who() => ResourceBuilder.CreateEmpty().AddService("cdp", serviceInstanceId: Environment.MachineName).AddEnvironmentVariableDetector();
}
