using System.Diagnostics.Metrics;

namespace Cdp.Storage.Writing;

/// <summary>Instruments of one writer, in the meter of its store, tagged <c>file</c> with what it writes to.</summary>
internal class WriterMetrics(Meter meter, string file)
{
    private readonly Counter<long> _commits = meter.CreateCounter<long>("cdp.storage.commits", "{commit}", "Transactions made durable.");
    private readonly Counter<long> _failures = meter.CreateCounter<long>("cdp.storage.failures", "{commit}", "Transactions that failed.");
    private readonly Histogram<int> _operations = meter.CreateHistogram<int>("cdp.storage.commit_operations", "{operation}", "Operations a transaction.");
    private readonly Histogram<double> _duration = meter.CreateHistogram<double>("cdp.storage.commit_duration", "s", "Begin to flushed.");

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
