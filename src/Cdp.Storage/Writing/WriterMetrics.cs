using System.Diagnostics.Metrics;

namespace Cdp.Storage.Writing;

/// <summary>Instruments of one writer, in the meter of its store, tagged <c>file</c> with what it writes to.</summary>
internal class WriterMetrics(Meter meter, string file)
{
    private readonly Counter<long> _commits = meter.CreateCounter<long>("cdp.storage.commits", "{commit}", "Transactions made durable.");
    private readonly Counter<long> _failures = meter.CreateCounter<long>("cdp.storage.failures", "{commit}", "Transactions that failed.");
    private readonly Histogram<int> _operations = meter.CreateHistogram<int>("cdp.storage.commit_operations", "{operation}", "Operations a transaction.");
    private readonly Histogram<double> _duration = meter.CreateHistogram(
        "cdp.storage.commit_duration", "s", "Begin to flushed.",
        tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });

    /// <summary>The tag.</summary>
    protected KeyValuePair<string, object?> File { get; } = new("file", file);

    public void ObserveQueue(Func<long> bytes) =>
        meter.CreateObservableGauge("cdp.storage.queue", () => new Measurement<long>(bytes(), File), "By", "Bytes of values that wait for their transaction.");

    public void Committed(int operations, TimeSpan duration)
    {
        _commits.Add(1, File);
        _operations.Record(operations, File);
        _duration.Record(duration.TotalSeconds, File);
    }

    public void Failed() => _failures.Add(1, File);
}
