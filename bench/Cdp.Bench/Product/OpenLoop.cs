using System.Diagnostics;

namespace Cdp.Bench.Product;

/// <summary>Calls at a steady rate, whatever the server does: who waits does not keep others from calling.</summary>
internal static class OpenLoop
{
    /// <summary>
    /// Probes a second beside a load: enough for a quantile, and so few that they are no load themselves. Callers that probe
    /// again as soon as they are answered take what a half load leaves.
    /// </summary>
    public const double ProbesPerSecond = 50;

    /// <summary>Calls for customers that are drawn uniformly; latencies in milliseconds, sorted.</summary>
    public static Task<double[]> RunAsync(Func<int, Task> call, int customers, double perSecond, TimeSpan duration, CancellationToken cancellationToken)
    {
        var random = new Random(1);
        var started = Stopwatch.GetTimestamp();
        return RunAsync(_ => TimeAsync(random.Next(customers)), perSecond, () => Stopwatch.GetElapsedTime(started) < duration, cancellationToken);

        async Task<double> TimeAsync(int customer)
        {
            var begun = Stopwatch.GetTimestamp();
            await call(customer);
            return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }
    }

    /// <summary>Calls that time themselves.</summary>
    /// <param name="timed">A call by its number, from 0; returns milliseconds.</param>
    /// <param name="perSecond">How often it is called.</param>
    /// <param name="goesOn">Whether there is another call.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>What the calls returned, sorted.</returns>
    public static async Task<double[]> RunAsync(Func<long, Task<double>> timed, double perSecond, Func<bool> goesOn, CancellationToken cancellationToken)
    {
        // A task for each call, kept to the end, would be work for the collector in the middle of the calls.
        var latencies = new List<double>();
        await EachAsync(CallAsync, perSecond, goesOn, cancellationToken);
        latencies.Sort();
        return [.. latencies];

        async Task CallAsync(long number)
        {
            var milliseconds = await timed(number);
            lock (latencies) latencies.Add(milliseconds);
        }
    }

    /// <summary>Calls, and returns when all are answered.</summary>
    /// <param name="call">A call by its number, from 0.</param>
    /// <param name="perSecond">How often it is called.</param>
    /// <param name="goesOn">Whether there is another call.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static async Task EachAsync(Func<long, Task> call, double perSecond, Func<bool> goesOn, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var open = new List<Task>();
        for (var sent = 0L; goesOn(); sent++)
        {
            var due = TimeSpan.FromSeconds(sent / perSecond) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.FromMilliseconds(1)) await Task.Delay(due, cancellationToken);
            open.RemoveAll(static task => task.IsCompletedSuccessfully);
            open.Add(call(sent));
        }

        await Task.WhenAll(open);
    }
}
