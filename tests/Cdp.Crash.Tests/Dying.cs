using Cdp.Client;
using Cdp.CrashKit;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Crash.Tests;

/// <summary>Servers that kill themselves at a named step.</summary>
internal static class Dying
{
    /// <summary>Starts one, which dies of what it finds in its log or of what is sent to it.</summary>
    /// <param name="data">Its directory.</param>
    /// <param name="crashAt">Where it kills itself, as <c>step:n</c>.</param>
    /// <param name="events">What is sent to it, if anything.</param>
    /// <param name="partitions">Partitions of a log that is made now; null: the default.</param>
    public static async Task DieAsync(string data, string crashAt, Event[] events, int? partitions = null)
    {
        await using var child = CdpProcess.Serve(data, crashAt, partitions);
        if (await child.Address.WaitAsync(TestContext.Current.CancellationToken) is { } address && events.Length > 0)
        {
            using var client = CdpProcess.Connect(address);
            try
            {
                await PublishAsync(client, events);
            }
            catch (CallException e) when (e.StatusCode == Code.Unavailable)
            {
                // It died before it could acknowledge. What it died on was durable.
            }
        }

        Assert.Equal(CdpProcess.Killed, await child.WaitAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Publishes events, none of which is refused; returns the token.</summary>
    public static async Task<string> PublishAsync(CdpClient client, params Event[] events)
    {
        var sent = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { events } }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(sent.Refused);
        return sent.Token;
    }
}
