using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cdp.CrashKit.Observing;

/// <summary>One value of a metric.</summary>
/// <param name="Metric">Its name.</param>
/// <param name="Value">The newest value; how many measurements, for a histogram.</param>
/// <param name="Tags">Its attributes.</param>
public sealed record Point(string Metric, long Value, IReadOnlyDictionary<string, string> Tags);

/// <summary>One span.</summary>
/// <param name="Trace">Id of its trace, in hexadecimal.</param>
/// <param name="Id">Its own.</param>
/// <param name="Parent">Its parent's; empty: none.</param>
/// <param name="Name">What ran.</param>
/// <param name="Tags">Its attributes.</param>
public sealed record Span(string Trace, string Id, string Parent, string Name, IReadOnlyDictionary<string, string> Tags);

/// <summary>Takes what a server sends by OTLP over HTTP, as opentelemetry-proto 1 lays it out.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private const int Sum = 7;
    private const int Gauge = 5;
    private const int Histogram = 9;

    private readonly WebApplication _server;
    private readonly ConcurrentDictionary<string, Point> _points = new();

    private OtlpReceiver(WebApplication server) => _server = server;

    /// <summary>Where it listens.</summary>
    public string Address => _server.Urls.First();

    /// <summary>The newest value of each metric and attributes.</summary>
    public IReadOnlyCollection<Point> Points => [.. _points.Values];

    /// <summary>All spans so far.</summary>
    public ConcurrentQueue<Span> Spans { get; } = new();

    /// <summary>Who sent them.</summary>
    public ConcurrentDictionary<string, string> Resource { get; } = new();

    /// <summary>Everything that came, to look for what must not be there.</summary>
    public ConcurrentQueue<byte[]> Bodies { get; } = new();

    /// <summary>Starts one.</summary>
    public static async Task<OtlpReceiver> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        var receiver = new OtlpReceiver(server);
        server.MapPost("/v1/metrics", request => receiver.TakeAsync(request, receiver.TakeMetrics));
        server.MapPost("/v1/traces", request => receiver.TakeAsync(request, receiver.TakeSpans));
        server.MapPost("/v1/logs", request => receiver.TakeAsync(request, _ => { }));
        await server.StartAsync(cancellationToken);
        return receiver;
    }

    /// <summary>The value of a metric with these attributes, all series of it added up; null: there is none.</summary>
    public long? Value(string metric, params (string Name, string Value)[] tags)
    {
        var found = Points.Where(point => point.Metric == metric && Array.TrueForAll(tags, tag => point.Tags.GetValueOrDefault(tag.Name) == tag.Value)).ToList();
        return found.Count == 0 ? null : found.Sum(point => point.Value);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static Dictionary<string, string> Tags(IEnumerable<WireMessage> attributes) => attributes.ToDictionary(
        attribute => attribute.Text(1),
        attribute => attribute.Messages(2).Select(value => value.Number(3)?.ToString(CultureInfo.InvariantCulture) ?? value.Text(1)).Single());

    private async Task TakeAsync(HttpContext context, Action<WireMessage> take)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Bodies.Enqueue(body.ToArray());
        var message = new WireMessage(body.ToArray());
        foreach (var (name, value) in Tags(message.Messages(1, 1, 1))) Resource[name] = value;
        take(message);
    }

    private void TakeMetrics(WireMessage request)
    {
        foreach (var metric in request.Messages(1, 2, 2))
        {
            var (name, points) = (metric.Text(1), new List<Point>());
            foreach (var kind in (int[])[Gauge, Sum])
                points.AddRange(metric.Messages(kind, 1).Select(point => new Point(name, point.Number(6) ?? (long)BitConverter.Int64BitsToDouble(point.Number(4) ?? 0), Tags(point.Messages(7)))));
            points.AddRange(metric.Messages(Histogram, 1).Select(point => new Point(name, point.Number(4) ?? 0, Tags(point.Messages(9)))));
            foreach (var point in points) _points[$"{name} {string.Join(' ', point.Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal))}"] = point;
        }
    }

    private void TakeSpans(WireMessage request)
    {
        foreach (var span in request.Messages(1, 2, 2))
            Spans.Enqueue(new Span(Convert.ToHexStringLower(span.Bytes(1)), Convert.ToHexStringLower(span.Bytes(2)), Convert.ToHexStringLower(span.Bytes(4)), span.Text(5), Tags(span.Messages(9))));
    }
}
