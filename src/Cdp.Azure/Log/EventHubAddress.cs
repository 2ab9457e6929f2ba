using Azure.Messaging.EventHubs;

namespace Cdp.Azure.Log;

/// <summary>An event hub that is a log.</summary>
/// <param name="EventHubs">The namespace: its host name (reached with the machine's identity) or a connection string.</param>
/// <param name="EventHub">The hub.</param>
/// <param name="ConsumerGroup">A consumer group that only one cluster reads with.</param>
public sealed record EventHubAddress(string EventHubs, string EventHub, string ConsumerGroup)
{
    /// <summary>Opens a connection; nothing is sent before it is used.</summary>
    public EventHubConnection Connect() =>
        EventHubs.Contains('=', StringComparison.Ordinal) ? new EventHubConnection(EventHubs, EventHub) : new EventHubConnection(EventHubs, EventHub, MachineIdentity.Credential);
}
