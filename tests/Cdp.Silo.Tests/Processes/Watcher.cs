using System.Diagnostics;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Silo.Tests.Processes;

/// <summary>
/// Publishes an event of each of some customers again and again, reads each back through another silo, and measures how long
/// that was not possible.
/// </summary>
internal sealed class Watcher(Func<CdpClient> clientOf, int customers)
{
    private static readonly CallOptions Impatient = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Who watches is not to be what keeps the silos busy; a gap is known as exactly as this.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private readonly TimeSpan[] _worst = new TimeSpan[customers];
    private int _succeeded;
    private int _failed;

    /// <summary>The longest time in which an event of one customer could not be published and read.</summary>
    public TimeSpan WorstGap => _worst.Max();

    /// <summary>Rounds that succeeded, and rounds that failed.</summary>
    public (int Succeeded, int Failed) Rounds => (_succeeded, _failed);

    /// <summary>Watches until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(Enumerable.Range(0, customers).Select(i => Task.Run(() => WatchAsync(i, cancellationToken), CancellationToken.None)));

    private async Task WatchAsync(int customer, CancellationToken cancellationToken)
    {
        var identifier = new Identifier { Namespace = "email", Value = $"watched{customer}@example.com" };
        var last = Stopwatch.GetTimestamp();
        using var pace = new PeriodicTimer(Pace);
        for (var i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            try
            {
                var made = new Event { Id = $"watched-{customer}-{i}", Kind = EventKind.Track, Type = "Looked", Source = "watcher", Channel = "web", Identifiers = { identifier } };
                var published = await clientOf().Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, Impatient, CancellationToken.None);
                var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = identifier }, Purpose = "service", AfterToken = published.Token };
                await clientOf().Profiles.GetProfileAsync(read, Impatient, CancellationToken.None);
                var now = Stopwatch.GetTimestamp();
                var gap = Stopwatch.GetElapsedTime(last, now);
                if (gap > _worst[customer]) _worst[customer] = gap;
                last = now;
                Interlocked.Increment(ref _succeeded);
            }
            catch (Exception e) when (e is CallException or ObjectDisposedException)
            {
                Interlocked.Increment(ref _failed);
            }

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
