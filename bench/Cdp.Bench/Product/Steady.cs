using System.Diagnostics;
using Cdp.Client;

namespace Cdp.Bench.Product;

/// <summary>Publishes at a steady rate: an open loop, so that a slow server does not slow the load.</summary>
internal static class Steady
{
    private const int Batch = 50;

    /// <summary>
    /// How long a steady load goes on before anything is timed. What ran as fast as it could leaves work behind, and batches of
    /// another size have the compiler at work: for four seconds it took a fifth of the processors.
    /// </summary>
    public static TimeSpan WarmUp { get; } = TimeSpan.FromSeconds(8);

    public static async Task RunAsync(CdpClient client, EventSource source, double eventsPerSecond, Task until, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var open = new List<Task>();
        for (var sent = 0L; !until.IsCompleted; sent += Batch)
        {
            var due = TimeSpan.FromSeconds(sent / eventsPerSecond) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.FromMilliseconds(1)) await Task.Delay(due, cancellationToken);
            open.RemoveAll(task => task.IsCompletedSuccessfully);
            open.Add(Load.PublishAsync(client, source.NextBatch(Batch), cancellationToken));
        }

        await Task.WhenAll(open);
    }
}
