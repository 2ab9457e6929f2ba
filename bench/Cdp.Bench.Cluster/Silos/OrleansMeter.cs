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
    private long _answered;
    private long _stayed;
    private long _left;
    private long _messages;
    private long _bytes;

    /// <summary>Counts from now on.</summary>
    public OrleansMeter()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "Microsoft.Orleans", Name: Sent or SentToItself or Processed }) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((_, size, tags, _) =>
        {
            Interlocked.Increment(ref _messages);
            Interlocked.Add(ref _bytes, size);
            if (IsCall(tags, "MessageDirection")) Interlocked.Increment(ref _left);
        });
        _listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) =>
        {
            // Of what a silo sends to itself, Orleans counts calls and no answers.
            if (instrument.Name == SentToItself) _stayed += count;
            else if (IsCall(tags, "Direction")) _answered += count;
        });
        _listener.Start();
    }

    /// <summary>What was counted so far.</summary>
    public SiloCounters Read()
    {
        lock (_reading)
        {
            // Each reports all it counted since the start.
            (_stayed, _answered) = (0, 0);
            _listener.RecordObservableInstruments();
            return new SiloCounters(_answered, _stayed, Volatile.Read(ref _left), Volatile.Read(ref _messages), Volatile.Read(ref _bytes));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static bool IsCall(ReadOnlySpan<KeyValuePair<string, object?>> tags, string direction)
    {
        foreach (var (name, value) in tags)
        {
            if (name == direction) return value is "Request";
        }

        return false;
    }
}
