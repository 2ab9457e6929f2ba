using System.Diagnostics;
using Cdp.CrashKit;
using Cdp.PostgresKit;

namespace Cdp.Silo.Tests.Processes;

/// <summary>
/// A silo that the network cuts from the other silos, and then from the database as well, for half a minute each, under load
/// on both sides.
/// </summary>
public sealed class NetworkCutTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    /// <summary>Generous for a machine that is busy otherwise; docs/cluster.md has what is measured.</summary>
    private static readonly TimeSpan LongestHealing = TimeSpan.FromSeconds(120);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task A_silo_that_is_cut_off_changes_nothing_any_more_and_comes_back()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var network = await TestNetwork.CreateAsync();
        var database = await network.AddAsync();
        TestMachine[] machines = [await network.AddAsync(), await network.AddAsync(), await network.AddAsync()];
        await using var silos = await SiloProcesses.StartAsync(network, database, machines[0], Token);
        await using var supervisor = new Supervisor(silos, machines);
        await supervisor.StartAsync(Token);
        var run = new CrashRun("", seed: 25) { CallTimeout = TimeSpan.FromSeconds(5) };
        var cuts = new Queue<TestMachine[]>([[machines[0], machines[1]], [machines[0], machines[1], database]]);
        var (comparison, failed) = await silos.ExplainAsync(run.OutlastAsync(silos.NextClient, () => CutAsync(supervisor, machines[0], machines[2], cuts.Dequeue()), outages: 2, Token));
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed");
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
        Assert.True(supervisor.Ends(machines[2]) >= 2, "The silo that was cut off did not end.");
    }

    /// <summary>Cuts a machine off, and returns when its silo is one of the cluster again.</summary>
    private static async Task CutAsync(Supervisor supervisor, TestMachine here, TestMachine there, TestMachine[] from)
    {
        var reads = new StaleReads($"cut-from-{from.Length}-", () => supervisor.WatchingClientOf(here), () => supervisor.WatchingClientOf(there), customers: 16);
        await reads.PrepareAsync(Token);
        using var done = new CancellationTokenSource();
        var running = reads.RunAsync(done.Token);
        await TestNetwork.CutAsync(there, from);
        await Task.Delay(Duration, Token);
        await TestNetwork.JoinAsync(there, from);
        await done.CancelAsync();
        await running;
        var joined = Stopwatch.GetTimestamp();
        bool? counted;
        while ((counted = await reads.AreCountedAsync()) is null)
        {
            Assert.True(Stopwatch.GetElapsedTime(joined) < LongestHealing, $"The silo that was cut off does not answer {LongestHealing} after the cut's end.");
            await Task.Delay(BetweenLooks, Token);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"cut from {from.Length} machines: {reads.Reads} reads there, the longest behind by {reads.Longest.TotalSeconds:0.0} s; healed after {Stopwatch.GetElapsedTime(joined).TotalSeconds:0.0} s; silos ended here {supervisor.Ends(here)} times, there {supervisor.Ends(there)} times");
        Assert.True(counted, reads.Difference);
    }
}
