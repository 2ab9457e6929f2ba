using System.Collections.Concurrent;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Grains.Refolds;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;

namespace Cdp.Orleans.Caches;

/// <summary>
/// Reads the configurations that a silo knows again from time to time, for the case that news of one was lost. Customers that
/// were folded meanwhile with what the silo knew before are then visited by another sweep. Once an hour all sweeps are called: one
/// whose silo died goes on then at the latest.
/// </summary>
/// <param name="definitions">What the silo knows.</param>
/// <param name="grains">Reaches the sweeps.</param>
/// <param name="hosting">The clock, and who hears of errors.</param>
internal sealed class DefinitionsRefresh(DefinitionsCache definitions, IGrains grains, GrainHosting hosting) : SiloLoop(hosting)
{
    /// <summary>How often.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private const int RoundsAnHour = 360;

    /// <summary>Tenants that are to be swept again, and the rounds until then.</summary>
    private readonly ConcurrentDictionary<string, int> _again = new(StringComparer.Ordinal);

    /// <summary>Some silo may not have heard of a tenant's newest configuration. It reads it within an interval, or dies.</summary>
    /// <param name="tenant">The tenant.</param>
    public void Missed(string tenant) => _again[tenant] = 1;

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, Hosting.Time);
        for (var round = 1; await timer.WaitForNextTickAsync(cancellationToken); round++)
        {
            try
            {
                foreach (var tenant in await definitions.RefreshAsync(cancellationToken)) _again[tenant] = 0;
                await SweepAsync(cancellationToken);
                if (round % RoundsAnHour > 0) continue;
                foreach (var tenant in definitions.Tenants) await grains.Get<IRefoldSweep>(tenant).Sweep(new SweepRequest(), cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                Hosting.Report("tenant", "reading definitions again", e);
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var (tenant, rounds) in _again)
        {
            if (rounds == 0) await grains.Get<IRefoldSweep>(tenant).Sweep(new SweepRequest { Again = true }, cancellationToken);
            if (rounds > 0) _again.TryUpdate(tenant, rounds - 1, rounds);
            else _again.TryRemove(new KeyValuePair<string, int>(tenant, rounds));
        }
    }
}
