using System.Diagnostics;

namespace Cdp.Bench.Product;

/// <summary>Calls at a steady rate, whatever the server does: who waits does not keep others from calling.</summary>
internal static class OpenLoop
{
    /// <summary>Calls for customers that are drawn uniformly; latencies in milliseconds, sorted.</summary>
    public static async Task<double[]> RunAsync(Func<int, Task> call, int customers, double perSecond, TimeSpan duration, CancellationToken cancellationToken)
    {
        var random = new Random(1);
        var started = Stopwatch.GetTimestamp();
        var calls = new List<Task<double>>();
        for (var sent = 0L; Stopwatch.GetElapsedTime(started) < duration; sent++)
        {
            var due = TimeSpan.FromSeconds(sent / perSecond) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.FromMilliseconds(1)) await Task.Delay(due, cancellationToken);
            calls.Add(TimeAsync(random.Next(customers)));
        }

        var latencies = await Task.WhenAll(calls);
        Array.Sort(latencies);
        return latencies;

        async Task<double> TimeAsync(int customer)
        {
            var begun = Stopwatch.GetTimestamp();
            await call(customer);
            return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }
    }
}
