using Cdp.CrashKit;

namespace Cdp.Silo.Tests.Processes;

/// <summary>Silos as processes on PostgreSQL, of which some are killed and some are stopped in order, watched from outside.</summary>
public sealed class SiloKillTests
{
    /// <summary>Generous for a machine that is busy otherwise; docs/cluster.md has what is measured.</summary>
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Silos_that_are_killed_lose_nothing_and_others_take_over() => WatchAsync(3, seed: 21, async silos =>
    {
        await silos.KillAsync(silos.Silos[0]);
        await silos.StartOneAsync(Token);
    });

    [Fact]
    public Task A_silo_that_is_told_to_stop_hands_over_and_ends_well() => WatchAsync(2, seed: 22, async silos =>
    {
        await silos.StartOneAsync(Token);
        Assert.Equal(0, await silos.StopAsync(silos.Silos[0], Token));
    });

    private static async Task WatchAsync(int count, int seed, Func<SiloProcesses, Task> outage)
    {
        await using var silos = await SiloProcesses.StartAsync(count, Token);
        var run = new CrashRun("", seed);
        var watcher = new Watcher(silos.NextWatchingClient, customers: 16);
        using var done = new CancellationTokenSource();
        var watching = watcher.RunAsync(done.Token);
        var (comparison, failed) = await silos.ExplainAsync(run.OutlastAsync(silos.NextClient, () => outage(silos), outages: 2, Token));
        await done.CancelAsync();
        await watching;
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed; worst gap {watcher.WorstGap.TotalSeconds:0.0} s; rounds {watcher.Rounds}");
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
        Assert.True(watcher.WorstGap < LongestGap, $"Somebody could not be read for {watcher.WorstGap}.");
    }
}
