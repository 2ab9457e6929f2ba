using System.Collections.Concurrent;
using System.Diagnostics;
using Cdp.Client;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

/// <summary>The span of a call.</summary>
public sealed class SpanTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Code.NotFound, ActivityStatusCode.Unset)]
    [InlineData(Code.Unavailable, ActivityStatusCode.Error)]
    public async Task It_is_beneath_the_caller_s_and_says_how_the_call_ended_but_not_in_its_words(Code code, ActivityStatusCode expected)
    {
        var caller = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        var span = await SpanOfAsync(code, caller.TraceId, $"00-{caller.TraceId}-{caller.SpanId}-01");
        Assert.Equal(("probe.v1.Probe/Fail", ActivityKind.Server, caller.SpanId), (span.OperationName, span.Kind, span.ParentSpanId));
        var name = code == Code.NotFound ? "NOT_FOUND" : "UNAVAILABLE";
        var error = expected == ActivityStatusCode.Error ? (KeyValuePair<string, object?>[])[new("error.type", name)] : [];
        Assert.Equal([new("rpc.system.name", "grpc"), new("rpc.method", "probe.v1.Probe/Fail"), new("rpc.response.status_code", name), .. error], span.TagObjects);
        Assert.Equal((expected, null), (span.Status, span.StatusDescription));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("00-no-trace-01")]
    public async Task Without_a_caller_s_it_begins_a_trace(string? traceParent) =>
        Assert.Equal(default, (await SpanOfAsync(Code.Aborted, trace: null, traceParent)).ParentSpanId);

    /// <summary>The span of a call that fails.</summary>
    private static async Task<Activity> SpanOfAsync(Code code, ActivityTraceId? trace, string? traceParent)
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Cdp.Rpc",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using (var server = await ProbeServer.StartAsync())
        {
            var options = traceParent is null ? null : new CallOptions { Headers = new CallMetadata { { "traceparent", traceParent } } };
            await Assert.ThrowsAsync<CallException>(() => server.Channel.UnaryAsync(ProbeMethods.Fail, new FailRequest { Code = (int)code, Message = "m" }, options, Cancel));
            await server.Server.StopAsync(TimeSpan.FromMinutes(1));
        }

        // Other servers of the process have spans as well, none of which has a parent.
        return trace is null ? spans.First(span => span.OperationName == "probe.v1.Probe/Fail") : Assert.Single(spans, span => span.TraceId == trace);
    }
}
