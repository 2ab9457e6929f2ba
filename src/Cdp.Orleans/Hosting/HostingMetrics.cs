using System.Diagnostics.Metrics;

namespace Cdp.Orleans.Hosting;

/// <summary>A silo's grains, by kind, in the meter <c>Cdp.Orleans</c>; named as those of engine 1. No key stands in any of them.</summary>
internal sealed class HostingMetrics : IDisposable
{
    private readonly Meter _meter = new("Cdp.Orleans");
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _faults;

    /// <summary>Makes the instruments.</summary>
    /// <param name="hosting">What is counted.</param>
    public HostingMetrics(GrainHosting hosting)
    {
        _meter.CreateObservableGauge("cdp.engine.activations", () => hosting.Residents.Count().Select(kind => new Measurement<int>(kind.Live, OfKind(kind.Kind))), "{activation}", "Live activations.");
        _meter.CreateObservableGauge("cdp.engine.activations.limit", () => hosting.Options.MaxActivations, "{activation}", "Live activations above which those end that were idle longest.");
        _dropped = _meter.CreateCounter<long>("cdp.engine.activations.dropped", "{activation}", "Grains that failed or gave themselves up, and were loaded again without saving.");
        _faults = _meter.CreateCounter<long>("cdp.engine.faults", "{error}", "Errors of timers, deactivations and background work, which no caller awaits.");
    }

    /// <summary>Counts a grain that was given up.</summary>
    public void Dropped(string kind) => _dropped.Add(1, OfKind(kind));

    /// <summary>Counts an error that no caller awaits.</summary>
    public void Failed(string kind) => _faults.Add(1, OfKind(kind));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> OfKind(string kind) => new("kind", kind);
}
