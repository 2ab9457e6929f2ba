using System.Diagnostics.Metrics;
using Cdp.Orleans.Hosting;

namespace Cdp.Orleans.Partitions;

/// <summary>
/// Shows who reads each partition and how far behind its log he is, in the meter <c>Cdp.Orleans</c>. Where the log ends is
/// read every few seconds, of the partitions that this silo reads, while somebody listens.
/// </summary>
internal sealed class PartitionGauges : SiloLoop
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Meter _meter = new("Cdp.Orleans");
    private readonly ClusterLog _log;
    private readonly long[] _ends;
    private readonly Instrument _behind;

    /// <summary>Makes the instruments.</summary>
    /// <param name="log">Knows what is read here and how far it is applied.</param>
    /// <param name="hosting">The clock, and who hears of errors.</param>
    public PartitionGauges(ClusterLog log, GrainHosting hosting)
        : base(hosting)
    {
        _log = log;
        _ends = new long[log.Partitions];
        _meter.CreateObservableGauge(
            "cdp.partition.readers", () => Partitions(_ => true, partition => log.IsReadHere(partition) ? 1 : 0), "{reader}", "1 where this silo reads the partition, 0 otherwise.");
        _behind = _meter.CreateObservableGauge(
            "cdp.partition.behind", () => Partitions(log.IsReadHere, partition => Math.Max(0, _ends[partition] - log.AppliedOf(partition))), "{event}",
            "Events of the log that are not applied yet, of the partitions that this silo reads.");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, Hosting.Time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            for (var partition = 0; _behind.Enabled && partition < _ends.Length; partition++)
            {
                if (_log.IsReadHere(partition)) await MeasureAsync(partition, cancellationToken);
            }
        }
    }

    private async Task MeasureAsync(int partition, CancellationToken cancellationToken)
    {
        try
        {
            _ends[partition] = await _log.EndAsync(partition, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Hosting.Report("partition", "measuring the log", e);
        }
    }

    private IEnumerable<Measurement<long>> Partitions(Func<int, bool> isShown, Func<int, long> read) => Enumerable.Range(0, _ends.Length)
        .Where(isShown).Select(partition => new Measurement<long>(read(partition), new KeyValuePair<string, object?>("partition", partition)));
}
