using System.Diagnostics.Metrics;

namespace Cdp.Gateway.Audit;

/// <summary>Counts what is written down.</summary>
internal sealed class AuditMetrics : IDisposable
{
    private readonly Meter _meter = new("Cdp.Gateway");
    private readonly Counter<long> _written;
    private readonly Counter<long> _failed;

    public AuditMetrics()
    {
        _written = _meter.CreateCounter<long>("cdp.audit.records", "{record}", "Records of the audit log that were written.");
        _failed = _meter.CreateCounter<long>("cdp.audit.failures", "{failure}", "Writes of the audit log that failed and were tried again.");
    }

    public void Written(int records) => _written.Add(records);

    public void Failed(Exception error) => _failed.Add(1, new KeyValuePair<string, object?>("error.type", error.GetType().Name));

    public void Dispose() => _meter.Dispose();
}
