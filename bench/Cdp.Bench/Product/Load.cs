using System.Diagnostics;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>Publishes batches from several writers for a time, then waits until the last event can be read.</summary>
internal static class Load
{
    public const int BatchSize = 500;

    /// <param name="Events">Number published.</param>
    /// <param name="Seconds">From the first batch to the moment at which everything can be read.</param>
    public sealed record Outcome(long Events, double Seconds, TimeSpan GeneratorCpu)
    {
        public double Rate => Events / Seconds;
    }

    public static Task<Outcome> RunAsync(
        CdpClient client, IReadOnlyList<EventSource> sources, TimeSpan duration, Func<string, Task> waitVisible, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        return RunAsync(() => client, sources, _ => Stopwatch.GetElapsedTime(started) < duration, waitVisible, cancellationToken);
    }

    /// <param name="client">The client of the next batch.</param>
    /// <param name="sources">Makes the events, one for each writer.</param>
    /// <param name="goesOn">Whether a writer that has published so many events publishes more.</param>
    /// <param name="waitVisible">Waits until a token's events can be read.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static async Task<Outcome> RunAsync(
        Func<CdpClient> client, IReadOnlyList<EventSource> sources, Func<long, bool> goesOn, Func<string, Task> waitVisible, CancellationToken cancellationToken)
    {
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var started = Stopwatch.GetTimestamp();
        var tokens = await Task.WhenAll(sources.Select(source => Task.Run(() => WriteAsync(source), cancellationToken)));
        foreach (var token in tokens.Select(t => t.Token)) await waitVisible(token);
        return new Outcome(
            tokens.Sum(t => t.Events), Stopwatch.GetElapsedTime(started).TotalSeconds, Process.GetCurrentProcess().TotalProcessorTime - cpu);

        async Task<(long Events, string Token)> WriteAsync(EventSource source)
        {
            var events = 0L;
            var token = "";
            while (goesOn(events))
            {
                var response = await PublishAsync(client(), source.NextBatch(BatchSize), cancellationToken);
                if (response.Refused.Count > 0) throw new InvalidOperationException($"An event was refused: {response.Refused[0].Reason}.");
                events += response.Accepted;
                token = response.Token;
            }

            return (events, token);
        }
    }

    /// <summary>Publishes, waiting as long as the server asks when it is behind.</summary>
    public static Task<PublishEventsResponse> PublishAsync(CdpClient client, PublishEventsRequest request, CancellationToken cancellationToken) =>
        PatientlyAsync(() => client.Ingest.PublishEventsAsync(request, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>Calls again as often as the server asks for it.</summary>
    public static async Task<T> PatientlyAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (CallException e) when (e.RetryDelay is { } delay)
            {
                await Task.Delay(delay, cancellationToken);
            }
        }
    }
}
