using Cdp.CrashKit;
using Cdp.Grains.Ports;

namespace Cdp.Silo.Tests.Processes;

/// <summary>
/// Silos that kill themselves at named steps, each at another, while others of the cluster do the same: among them with
/// events that stand in histories and in no snapshot, and with snapshots half written.
/// </summary>
public sealed class SiloKillAtStepTests
{
    private const int AtOnce = 5;

    /// <summary>What the exit code says after SIGABRT.</summary>
    private const int Aborted = 128 + 6;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task A_kill_at_any_named_step_loses_nothing_and_counts_nothing_twice()
    {
        await using var silos = await SiloProcesses.StartAsync(1, Token);
        var run = new CrashRun("", seed: 23);
        var steps = new Queue<string[]>(RecoverySteps.ByEvents.Chunk(AtOnce));
        var (comparison, failed) = await silos.ExplainAsync(run.OutlastAsync(silos.NextClient, () => DieAsync(silos, steps.Dequeue()), steps.Count, Token));
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed");
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
    }

    /// <summary>Starts a silo for each step, and returns when all have died of it and another silo serves.</summary>
    private static async Task DieAsync(SiloProcesses silos, IReadOnlyCollection<string> steps)
    {
        var others = silos.Silos;
        var dying = await Task.WhenAll(steps.Select(step => silos.StartDyingAsync(step, passing: 2, Token)));

        // All work goes to those that die of it, and in the end to the last of them.
        foreach (var silo in others) await silos.KillAsync(silo);
        var deaths = dying.Select(silo => silo.WaitAsync(Token)).ToList();
        for (var left = deaths.ToList(); left.Count > 1;) left.Remove(await Task.WhenAny(left));
        await silos.StartOneAsync(Token);

        // One that stood still for want of CPU time may be voted dead before, and ends itself.
        Assert.All(await Task.WhenAll(deaths), code => Assert.Contains(code, (int[])[CdpProcess.Killed, Aborted]));

        // Not before: senders find nobody but the dead until then.
        foreach (var silo in dying) await silos.KillAsync(silo);
    }
}
