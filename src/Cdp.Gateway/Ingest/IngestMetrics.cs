using System.Diagnostics.Metrics;

namespace Cdp.Gateway.Ingest;

/// <summary>What the door counts, in the meter <c>Cdp.Gateway</c>. No identifier or value of a customer in any of it.</summary>
internal static class IngestMetrics
{
    private static readonly Meter Meter = new("Cdp.Gateway");
    private static readonly Counter<long> AcceptedEvents = Meter.CreateCounter<long>("cdp.events.accepted", "{event}", "Events that are durable and acknowledged; copies too.");
    private static readonly Counter<long> RefusedEvents = Meter.CreateCounter<long>("cdp.events.refused", "{event}", "Events that were kept as dead letters at the door, by reason.");

    /// <summary>Counts accepted events.</summary>
    public static void Accepted(int count)
    {
        if (count > 0) AcceptedEvents.Add(count);
    }

    /// <summary>Counts a refused event.</summary>
    /// <param name="reason">One of those in docs/errors.md.</param>
    public static void Refused(string reason) => RefusedEvents.Add(1, new KeyValuePair<string, object?>("reason", reason));
}
