using Cdp.CrashKit;
using Cdp.Grains.Ports;

namespace Cdp.Crash.Tests;

/// <summary>
/// Invariants 1 to 4, 7 and 8 on a real server that is killed: what it acknowledged is there, once, at its customer,
/// and ids stay.
/// </summary>
public sealed class KillTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_kill_in_the_midst_of_a_backfill_loses_no_member_and_counts_none_twice()
    {
        using var directory = new TemporaryDirectory();
        var run = new CrashRun(directory["data"], seed: 3);
        await run.KillAsync(new KillPlan.AfterAcknowledgements(200), Token);
        foreach (var page in new[] { 1, 2, 2 })
        {
            var outcome = await run.KillAsync(new KillPlan.AtStep(RecoverySteps.SweepPageDone, page), Token);
            Assert.Equal(CdpProcess.Killed, outcome.ExitCode);
            KillAtStepTests.AssertClean(await run.CompareAsync(everything: true, Token), run);
        }
    }

    [Fact]
    public async Task A_kill_at_any_moment_loses_nothing_and_counts_nothing_twice()
    {
        using var directory = new TemporaryDirectory();
        var run = new CrashRun(directory["data"], seed: 2);
        var random = new Random(2);
        for (var kill = 1; kill <= 30; kill++)
        {
            KillPlan plan = kill % 5 == 0
                ? new KillPlan.AfterTime(TimeSpan.FromMilliseconds(random.Next(2_000)))
                : new KillPlan.AfterAcknowledgements(random.Next(30));
            await run.KillAsync(plan, Token);
            if (kill % 10 == 0) KillAtStepTests.AssertClean(await run.CompareAsync(everything: kill == 30, Token), run);
        }

        Assert.True(run.Ledger.Unacknowledged > 0, "Every batch was acknowledged: no kill fell into one.");
    }
}
