using System.Diagnostics.Metrics;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>Instruments of one file, in the meter <c>Cdp.Storage.Sqlite</c>, tagged <c>file</c>.</summary>
internal sealed class FileMetrics(Meter meter, string file)
{
    private readonly KeyValuePair<string, object?> _file = new("file", file);
    private readonly Counter<long> _commits = meter.CreateCounter<long>("cdp.storage.commits", "{commit}", "Transactions made durable.");
    private readonly Counter<long> _failures = meter.CreateCounter<long>("cdp.storage.failures", "{commit}", "Transactions that failed.");
    private readonly Counter<long> _checkpointFailures = meter.CreateCounter<long>("cdp.storage.checkpoint_failures", "{checkpoint}", "Checkpoints that failed.");
    private readonly Counter<long> _merges = meter.CreateCounter<long>("cdp.storage.merges", "{merge}", "Memtables merged into the database.");
    private readonly Counter<long> _mergeFailures = meter.CreateCounter<long>("cdp.storage.merge_failures", "{merge}", "Merges that failed and are tried again.");
    private readonly Histogram<double> _mergeDuration = meter.CreateHistogram<double>("cdp.storage.merge_duration", "s", "Time of a merge.");
    private readonly Histogram<int> _operations = meter.CreateHistogram<int>("cdp.storage.commit_operations", "{operation}", "Operations a transaction.");
    private readonly Histogram<double> _duration = meter.CreateHistogram<double>("cdp.storage.commit_duration", "s", "Begin to flushed.");

    /// <summary>Why the last checkpoint failed, for whoever asks for the store's health.</summary>
    public StorageException? LastCheckpointFailure { get; private set; }

    public void ObserveQueue(Func<long> bytes) =>
        meter.CreateObservableGauge("cdp.storage.queue", () => new Measurement<long>(bytes(), _file), "By", "Bytes of values that wait for their transaction.");

    public void ObserveMemtables(Func<long> bytes) =>
        meter.CreateObservableGauge("cdp.storage.memtables", () => new Measurement<long>(bytes(), _file), "By", "Bytes that are in the journal and not yet in the database.");

    public void Committed(int operations, TimeSpan duration)
    {
        _commits.Add(1, _file);
        _operations.Record(operations, _file);
        _duration.Record(duration.TotalSeconds, _file);
    }

    public void Failed() => _failures.Add(1, _file);

    public void Merged(TimeSpan duration)
    {
        _merges.Add(1, _file);
        _mergeDuration.Record(duration.TotalSeconds, _file);
    }

    public void MergeFailed() => _mergeFailures.Add(1, _file);

    public void CheckpointFailed(StorageException failure)
    {
        LastCheckpointFailure = failure;
        _checkpointFailures.Add(1, _file);
    }
}
