using System.Diagnostics;

namespace Cdp.Bench.Product;

/// <summary>Calls from several callers at once, each as fast as it is answered.</summary>
internal static class ClosedLoop
{
    /// <summary>Calls for customers that are drawn uniformly; latencies in milliseconds, sorted.</summary>
    public static async Task<double[]> RunAsync(Func<int, Task> call, int customers, int callers, TimeSpan duration, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var latencies = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(new Random(caller)), cancellationToken)));
        var all = latencies.SelectMany(l => l).ToArray();
        Array.Sort(all);
        return all;

        async Task<List<double>> CallAsync(Random random)
        {
            var own = new List<double>();
            while (Stopwatch.GetElapsedTime(started) < duration)
            {
                var begun = Stopwatch.GetTimestamp();
                await call(random.Next(customers));
                own.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            return own;
        }
    }
}
