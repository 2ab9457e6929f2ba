using System.Diagnostics.Metrics;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>Instruments of one file, in the meter <c>Cdp.Storage.Sqlite</c>, tagged <c>file</c>.</summary>
internal sealed class FileMetrics(Meter meter, string file) : WriterMetrics(meter, file)
{
    private readonly Meter _meter = meter;
    private readonly Counter<long> _checkpointFailures = meter.CreateCounter<long>("cdp.storage.checkpoint_failures", "{checkpoint}", "Checkpoints that failed.");
    private readonly Counter<long> _merges = meter.CreateCounter<long>("cdp.storage.merges", "{merge}", "Memtables merged into the database.");
    private readonly Counter<long> _mergeFailures = meter.CreateCounter<long>("cdp.storage.merge_failures", "{merge}", "Merges that failed and are tried again.");
    private readonly Histogram<double> _mergeDuration = meter.CreateHistogram<double>("cdp.storage.merge_duration", "s", "Time of a merge.");

    /// <summary>Why the last checkpoint failed, for whoever asks for the store's health.</summary>
    public StorageException? LastCheckpointFailure { get; private set; }

    public void ObserveMemtables(Func<long> bytes) =>
        _meter.CreateObservableGauge("cdp.storage.memtables", () => new Measurement<long>(bytes(), File), "By", "Bytes that are in the journal and not yet in the database.");

    public void Merged(TimeSpan duration)
    {
        _merges.Add(1, File);
        _mergeDuration.Record(duration.TotalSeconds, File);
    }

    public void MergeFailed() => _mergeFailures.Add(1, File);

    public void CheckpointFailed(StorageException failure)
    {
        LastCheckpointFailure = failure;
        _checkpointFailures.Add(1, File);
    }
}
