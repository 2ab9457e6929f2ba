using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Cdp.SingleNode.Engine;

/// <summary>The engine's instruments, tagged by kind of grain. No key stands in any of them.</summary>
internal sealed class EngineMetrics : IDisposable
{
    private readonly Meter _meter = new("Cdp.SingleNode");
    private readonly Histogram<double> _duration;

    internal EngineMetrics(GrainEngine engine)
    {
        _duration = _meter.CreateHistogram<double>(
            "cdp.engine.call.duration", "s", "Time from a call's first turn to its reply; one call in 64 is measured.");
        _meter.CreateObservableGauge(
            "cdp.engine.activations", () => Observe(engine, kind => kind.Activations), description: "Live activations.");
        _meter.CreateObservableGauge(
            "cdp.engine.queue.length", () => Observe(engine, kind => kind.Queued), description: "Calls and timers that wait.");
        _meter.CreateObservableCounter(
            "cdp.engine.calls", () => Observe(engine, kind => kind.Calls), description: "Calls sent.");
        _meter.CreateObservableCounter(
            "cdp.engine.activations.created", () => Observe(engine, kind => kind.Created), description: "Activations begun.");
        _meter.CreateObservableCounter(
            "cdp.engine.activations.dropped", () => Observe(engine, kind => kind.Dropped), description: "Activations that ended without saving.");
        _meter.CreateObservableCounter(
            "cdp.engine.activations.deactivated", () => ObserveDeactivated(engine), description: "Activations that ended in order, by reason.");
    }

    public void Dispose() => _meter.Dispose();

    internal void RecordCall(GrainKind kind, long started)
    {
        if (_duration.Enabled)
            _duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("kind", kind.Kind));
    }

    private static IEnumerable<Measurement<long>> Observe(GrainEngine engine, Func<GrainKindStatistics, long> read) =>
        engine.Statistics().Select(kind => new Measurement<long>(read(kind), new KeyValuePair<string, object?>("kind", kind.Kind)));

    private static IEnumerable<Measurement<long>> ObserveDeactivated(GrainEngine engine)
    {
        foreach (var kind in engine.Statistics())
        {
            yield return Reason(kind.Idle, kind.Kind, "idle");
            yield return Reason(kind.Memory, kind.Kind, "memory");
            yield return Reason(kind.Shutdown, kind.Kind, "shutdown");
        }

        static Measurement<long> Reason(long count, string kind, string reason) =>
            new(count, new KeyValuePair<string, object?>("kind", kind), new KeyValuePair<string, object?>("reason", reason));
    }
}
