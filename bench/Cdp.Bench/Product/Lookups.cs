using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>Looks customers up as fast as the server answers, or at a steady rate.</summary>
internal static class Lookups
{
    /// <summary>The request for one customer of <see cref="EventSource"/>.</summary>
    public static GetProfileRequest Request(int customer) => new()
    {
        Customer = new CustomerRef
        {
            Identifier = new Identifier { Namespace = "user_id", Value = string.Create(CultureInfo.InvariantCulture, $"user-{customer}") },
        },
        Purpose = "service",
    };

    /// <summary>Looks up from several callers at once, uniform over the customers; latencies in milliseconds, sorted.</summary>
    public static Task<double[]> RunAsync(CdpClient client, int customers, int callers, TimeSpan duration, CancellationToken cancellationToken) =>
        RunAsync(() => client, customers, callers, duration, cancellationToken);

    /// <summary>The same, each call by a client of its own.</summary>
    public static Task<double[]> RunAsync(Func<CdpClient> client, int customers, int callers, TimeSpan duration, CancellationToken cancellationToken) =>
        ClosedLoop.RunAsync(customer => client().Profiles.GetProfileAsync(Request(customer), cancellationToken: cancellationToken), customers, callers, duration, cancellationToken);

    /// <summary>Looks up at a steady rate, whatever the server does: an open loop. Latencies in milliseconds, sorted.</summary>
    public static Task<double[]> RunSteadyAsync(CdpClient client, int customers, double perSecond, TimeSpan duration, CancellationToken cancellationToken) => OpenLoop.RunAsync(
        customer => client.Profiles.GetProfileAsync(Request(customer), cancellationToken: cancellationToken), customers, perSecond, duration, cancellationToken);

    /// <summary>Reads every customer once.</summary>
    public static Task ReadAllAsync(CdpClient client, int customers, int callers, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(
            async () =>
            {
                for (var customer = caller; customer < customers; customer += callers)
                    await client.Profiles.GetProfileAsync(Request(customer), cancellationToken: cancellationToken);
            },
            cancellationToken)));

    /// <summary>Publishes events so that every customer exists and is live.</summary>
    public static Task FillAsync(CdpClient client, int customers, int eventsEach, CancellationToken cancellationToken) =>
        FillAsync(() => client, customers, eventsEach, cancellationToken);

    /// <summary>The same, each batch by a client of its own.</summary>
    public static async Task FillAsync(Func<CdpClient> client, int customers, int eventsEach, CancellationToken cancellationToken)
    {
        const int Writers = 4;
        var token = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer), cancellationToken)));
        foreach (var last in token) await LatencyBench.VisibleAsync(client(), last, cancellationToken);

        async Task<string> WriteAsync(int writer)
        {
            var next = writer;
            var source = new EventSource(customers, writer + 1, _ =>
            {
                var customer = next % customers;
                next += Writers;
                return customer;
            });
            var left = (long)customers * eventsEach / Writers;
            var last = "";
            for (; left > 0; left -= Load.BatchSize)
                last = (await Load.PublishAsync(client(), source.NextBatch((int)Math.Min(left, Load.BatchSize)), cancellationToken)).Token;
            return last;
        }
    }

    /// <summary>A quantile of sorted figures.</summary>
    public static double Quantile(double[] sorted, double q) => sorted.Length == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Length - 1, q * sorted.Length)];
}
