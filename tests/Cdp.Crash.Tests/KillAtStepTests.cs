using Cdp.CrashKit;
using Cdp.Grains.Ports;

namespace Cdp.Crash.Tests;

/// <summary>The same as <see cref="KillTests"/> at every named step; a class of its own, so that it runs beside them.</summary>
public sealed class KillAtStepTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_kill_at_any_named_step_loses_nothing_and_counts_nothing_twice()
    {
        using var directory = new TemporaryDirectory();
        var run = new CrashRun(directory["data"], seed: 1);
        foreach (var passing in new[] { 1, 2, 7 })
        {
            foreach (var step in RecoverySteps.ByEvents)
            {
                var outcome = await run.KillAsync(new KillPlan.AtStep(step, passing), Token);
                Assert.Equal(CdpProcess.Killed, outcome.ExitCode);
            }

            // Every kill fell into an event; how many more came before it is up to the machine.
            var last = passing == 7;
            AssertClean(await run.CompareAsync(everything: last, Token), run, leastEvents: last ? 100 : RecoverySteps.ByEvents.Count);
        }

        Assert.True(run.Ledger.Unacknowledged > 0, "Every batch was acknowledged: no kill fell into one.");
    }

    internal static void AssertClean(Comparison comparison, CrashRun run, int leastEvents = 100)
    {
        Assert.True(comparison.IsClean, $"{comparison}\n{run.Refused} refused\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events >= leastEvents, $"Only {comparison.Events} events were compared.");
        Assert.True(comparison.Customers < comparison.Events);
        Assert.True(comparison.DeadLetters >= run.Refused, "An event refused at the front door is not kept.");
    }
}
