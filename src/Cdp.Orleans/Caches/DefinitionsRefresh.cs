using Cdp.Grains.Hosting;
using Cdp.Orleans.Hosting;

namespace Cdp.Orleans.Caches;

/// <summary>Reads the configurations that a silo knows again from time to time, for the case that news of one was lost.</summary>
/// <param name="definitions">What the silo knows.</param>
/// <param name="hosting">The clock, and who hears of errors.</param>
internal sealed class DefinitionsRefresh(DefinitionsCache definitions, GrainHosting hosting) : SiloLoop(hosting)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, Hosting.Time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await definitions.RefreshAsync(cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                Hosting.Report("tenant", "reading definitions again", e);
            }
        }
    }
}
