using Cdp.CrashKit;

namespace Cdp.Silo.Tests.Processes;

/// <summary>Three silos as processes on PostgreSQL, of which some are killed and some are stopped in order.</summary>
public sealed class SiloKillTests
{
    /// <summary>Generous for a machine that is busy otherwise; docs/cluster.md has what is measured.</summary>
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(45);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Silos_that_are_killed_lose_nothing_and_others_take_over()
    {
        await using var silos = await SiloProcesses.StartAsync(3, Token);
        var run = new CrashRun("", seed: 21);
        var watcher = new Watcher(silos.NextWatchingClient, customers: 16);
        using var done = new CancellationTokenSource();
        var watching = watcher.RunAsync(done.Token);
        var (comparison, failed) = await silos.ExplainAsync(run.OutlastAsync(
            silos.NextClient,
            async () =>
            {
                await silos.KillAsync(silos.Silos[0]);
                await silos.StartOneAsync(Token);
            },
            outages: 3, Token));
        await done.CancelAsync();
        await watching;
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed; worst gap {watcher.WorstGap.TotalSeconds:0.0} s; rounds {watcher.Rounds}");
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
        Assert.True(watcher.WorstGap < LongestGap, $"Somebody could not be read for {watcher.WorstGap}.");
    }

    [Fact]
    public async Task A_silo_that_is_told_to_stop_hands_over_and_ends_well()
    {
        await using var silos = await SiloProcesses.StartAsync(2, Token);
        var run = new CrashRun("", seed: 22);
        var watcher = new Watcher(silos.NextWatchingClient, customers: 16);
        using var done = new CancellationTokenSource();
        var watching = watcher.RunAsync(done.Token);
        var (comparison, failed) = await silos.ExplainAsync(run.OutlastAsync(
            silos.NextClient,
            async () =>
            {
                await silos.StartOneAsync(Token);
                Assert.Equal(0, await silos.StopAsync(silos.Silos[0], Token));
            },
            outages: 3, Token));
        await done.CancelAsync();
        await watching;
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed; worst gap {watcher.WorstGap.TotalSeconds:0.0} s; rounds {watcher.Rounds}");
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
    }
}
