using Cdp.CrashKit;

namespace Cdp.Silo.Tests.Processes;

/// <summary>
/// Two clusters that do not know of each other on one database, so that every grain is active twice all the time: both read
/// the same partitions, decide on the same customers and write the same state.
/// </summary>
public sealed class TwoClustersTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_clusters_on_one_database_lose_nothing_and_count_nothing_twice()
    {
        await using var silos = await SiloProcesses.StartAsync(1, Token);
        await silos.StartOneAsync(Token, ("Cdp__Cluster", "other"));
        var run = new CrashRun("", seed: 24);
        var failed = await silos.ExplainAsync(run.SendAsync(silos.NextClient, () => Task.CompletedTask, outages: 4, Token));

        // What one of them has in its memory, the other may have changed since: a new silo says what is there.
        foreach (var silo in silos.Silos) Assert.Equal(0, await silos.StopAsync(silo, Token));
        await silos.StartOneAsync(Token);
        var comparison = await silos.ExplainAsync(run.CompareAsync(silos.NextClient(), everything: true, Token));
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed");
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
    }
}
