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
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(8);

    /// <summary>Publishes until nothing of what came before is at work any more.</summary>
    public static Task WarmUpAsync(CdpClient client, EventSource source, double eventsPerSecond, CancellationToken cancellationToken) =>
        RunAsync(client, source, eventsPerSecond, Task.Delay(WarmUp, cancellationToken), cancellationToken);

    public static Task RunAsync(CdpClient client, EventSource source, double eventsPerSecond, Task until, CancellationToken cancellationToken) => OpenLoop.EachAsync(
        _ => Load.PublishAsync(client, source.NextBatch(Batch), cancellationToken), eventsPerSecond / Batch, () => !until.IsCompleted, cancellationToken);
}
