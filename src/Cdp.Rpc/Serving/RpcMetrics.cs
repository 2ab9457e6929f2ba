using System.Diagnostics;
using System.Diagnostics.Metrics;
using Google.Rpc;

namespace Cdp.Rpc.Serving;

/// <summary>What the meter "Cdp.Rpc" shows of the calls, in the words of OpenTelemetry's conventions for RPC.</summary>
internal sealed class RpcMetrics : IDisposable
{
    /// <summary>Bounds that the conventions advise, in seconds.</summary>
    private static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private readonly Meter _meter = new("Cdp.Rpc");
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _active;

    public RpcMetrics()
    {
        _duration = _meter.CreateHistogram(
            "rpc.server.call.duration", "s", "Time from a call's headers to its end, by method and status.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Bounds });
        _active = _meter.CreateUpDownCounter<long>("rpc.server.active_calls", "{call}", "Calls under way.");
    }

    public void Started(ServerCall call)
    {
        if (_active.Enabled)
        {
            _active.Add(1, call.Protocol.Tag, call.Bound.Tag);
        }
    }

    public void Ended(ServerCall call, Code code, TimeSpan duration)
    {
        if (_active.Enabled)
        {
            _active.Add(-1, call.Protocol.Tag, call.Bound.Tag);
        }

        Record(call.Protocol.Tag, call.Bound.Tag, code, duration);
    }

    /// <summary>Counts a call that reached no method, and was answered at once. Its path is the client's choice and so never a tag.</summary>
    public void Refused(KeyValuePair<string, object?> protocol, Code code) => Record(protocol, RpcTags.NoMethod, code, TimeSpan.Zero);

    public void Dispose() => _meter.Dispose();

    private void Record(KeyValuePair<string, object?> protocol, KeyValuePair<string, object?> method, Code code, TimeSpan duration)
    {
        if (!_duration.Enabled)
        {
            return;
        }

        var tags = new TagList { protocol, method, RpcTags.StatusOf(code) };
        if (RpcTags.IsFailureOfServer(code))
        {
            tags.Add(RpcTags.ErrorOf(code));
        }

        _duration.Record(duration.TotalSeconds, tags);
    }
}
