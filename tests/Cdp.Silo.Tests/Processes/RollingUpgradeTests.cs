using Cdp.CrashKit;

namespace Cdp.Silo.Tests.Processes;

/// <summary>
/// A cluster of an earlier version that becomes one of this version, a silo at a time, under load: both versions side by side
/// on one database, in one cluster, calling each other's grains.
/// </summary>
public sealed class RollingUpgradeTests
{
    /// <summary>Names the <c>cdp-silo.dll</c> of the earlier version, built from its commit.</summary>
    private const string PreviousVariable = "CDP_PREVIOUS_SILO";

    private const int Silos = 3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Silos_are_replaced_by_those_of_this_version_one_after_the_other_and_nothing_is_lost()
    {
        var previous = Environment.GetEnvironmentVariable(PreviousVariable) ?? "";
        Assert.SkipWhen(previous.Length == 0, $"Set {PreviousVariable} to the cdp-silo.dll of an earlier version.");
        await using var silos = await SiloProcesses.StartAsync(0, Token);
        for (var i = 0; i < Silos; i++) await silos.StartOneOfAsync(previous, Token);
        var old = new Queue<CdpProcess>(silos.Silos);
        var run = new CrashRun("", seed: 41);
        var (comparison, failed) = await silos.ExplainAsync(run.OutlastAsync(
            silos.NextClient,
            async () =>
            {
                await silos.StartOneAsync(Token);
                Assert.Equal(0, await silos.StopAsync(old.Dequeue(), Token));
            },
            Silos,
            Token));
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed");
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
    }
}
