using System.Diagnostics.Metrics;

namespace Cdp.Bench.Cluster.Silos;

/// <summary>Reads Orleans' own meter in the process of a silo.</summary>
internal sealed class OrleansMeter : IDisposable
{
    private const string Sent = "orleans-messaging-sent-messages-size";
    private const string SentToItself = "orleans-messaging-sent-local";
    private const string Processed = "orleans-messaging-processing-dispatcher-processed";

    private readonly MeterListener _listener = new();
    private readonly Lock _reading = new();
    private long _sent;
    private long _bytes;
    private long _stayed;
    private long _calls;

    /// <summary>Counts from now on.</summary>
    public OrleansMeter()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "Microsoft.Orleans", Name: Sent or SentToItself or Processed }) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((_, size, _, _) =>
        {
            Interlocked.Increment(ref _sent);
            Interlocked.Add(ref _bytes, size);
        });
        _listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) =>
        {
            if (instrument.Name == SentToItself) _stayed += count;
            else if (IsRequest(tags)) _calls += count;
        });
        _listener.Start();
    }

    /// <summary>What was counted so far.</summary>
    public SiloCounters Read()
    {
        lock (_reading)
        {
            // Each reports all it counted since the start.
            (_stayed, _calls) = (0, 0);
            _listener.RecordObservableInstruments();
            return new SiloCounters(_calls, _stayed, Volatile.Read(ref _sent), Volatile.Read(ref _bytes));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static bool IsRequest(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (name, value) in tags)
        {
            if (name == "Direction") return value is "Request";
        }

        return false;
    }
}
