using System.Diagnostics.Metrics;
using Google.Rpc;

namespace Cdp.Rpc.Serving;

/// <summary>What the meter "Cdp.Rpc" shows of the calls.</summary>
internal sealed class RpcMetrics : IDisposable
{
    private static readonly object[] CodeNames = [.. Enumerable.Range(0, 17).Select(code => ((Code)code).ToString())];
    private static readonly KeyValuePair<string, object?> NoService = new("rpc.service", "unknown");
    private static readonly KeyValuePair<string, object?> NoMethod = new("rpc.method", "unknown");

    private readonly Meter _meter = new("Cdp.Rpc");
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _active;

    public RpcMetrics()
    {
        _calls = _meter.CreateCounter<long>("rpc.server.calls", "{call}", "Calls that ended, by method and status.");
        _duration = _meter.CreateHistogram<double>("rpc.server.duration", "ms", "Time from a call's headers to its end.");
        _active = _meter.CreateUpDownCounter<long>("rpc.server.active_calls", "{call}", "Calls under way.");
    }

    public void Started(RpcMethod method)
    {
        if (_active.Enabled)
        {
            _active.Add(1, method.ServiceTag, method.MethodTag);
        }
    }

    public void Ended(RpcMethod method, Code code, TimeSpan duration)
    {
        if (_active.Enabled)
        {
            _active.Add(-1, method.ServiceTag, method.MethodTag);
        }

        var status = new KeyValuePair<string, object?>("rpc.grpc.status_code", CodeNames[(int)code]);
        if (_calls.Enabled)
        {
            _calls.Add(1, method.ServiceTag, method.MethodTag, status);
        }

        if (_duration.Enabled)
        {
            _duration.Record(duration.TotalMilliseconds, method.ServiceTag, method.MethodTag, status);
        }
    }

    /// <summary>Counts a call that reached no method. Its path is the client's choice and so never a tag.</summary>
    public void Refused(Code code)
    {
        if (_calls.Enabled)
        {
            _calls.Add(1, NoService, NoMethod, new KeyValuePair<string, object?>("rpc.grpc.status_code", CodeNames[(int)code]));
        }
    }

    public void Dispose() => _meter.Dispose();
}
