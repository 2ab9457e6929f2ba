using Cdp.CrashKit;
using Cdp.Grains.Ports;

namespace Cdp.Crash.Tests;

/// <summary>
/// Invariants 6, 8 and 11 on a real server that is killed while sixteen callers decide: what it promised is explained to the
/// same bytes, no cap is exceeded, and every outcome is learned from once.
/// </summary>
public sealed class DecisionKillTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_kill_at_any_step_of_deciding_and_learning_breaks_no_promise()
    {
        using var directory = new TemporaryDirectory();
        var run = new DecisionRun(directory["data"], seed: 1);
        foreach (var passing in new[] { 3, 20 })
        {
            foreach (var step in RecoverySteps.ByDecisions) await run.KillAsync(new KillPlan.AtStep(step, passing), onlyAsync: false, Token);
        }

        foreach (var step in new[] { RecoverySteps.MergeBegun, RecoverySteps.MergeSealed, RecoverySteps.MergeAbsorbed, RecoverySteps.MergeRepointed })
            await run.KillAsync(new KillPlan.AtStep(step, 2), onlyAsync: false, Token);
        AssertKept(await run.CompareAsync(Token), run);
    }

    [Fact]
    public async Task A_kill_at_any_moment_breaks_no_promise()
    {
        using var directory = new TemporaryDirectory();
        var run = new DecisionRun(directory["data"], seed: 2);
        var random = new Random(2);
        for (var kill = 1; kill <= 12; kill++)
        {
            KillPlan plan = kill % 4 == 0
                ? new KillPlan.AfterTime(TimeSpan.FromMilliseconds(random.Next(2_000)))
                : new KillPlan.AfterAcknowledgements(random.Next(400));
            await run.KillAsync(plan, onlyAsync: false, Token);
        }

        AssertKept(await run.CompareAsync(Token), run);
    }

    [Fact]
    public async Task A_kill_takes_async_decisions_back_and_their_outcomes_credit_nothing()
    {
        using var directory = new TemporaryDirectory();
        var run = new DecisionRun(directory["data"], seed: 3, new Dictionary<string, string> { ["Cdp__AsyncWriteMilliseconds"] = "1000" });

        // Fewer than are written at once, and nothing else is written meanwhile.
        foreach (var passing in new[] { 10, 20, 30, 40, 50 }) await run.KillAsync(new KillPlan.AtStep(RecoverySteps.DecisionBehind, passing), onlyAsync: true, Token);

        var comparison = await run.CompareAsync(Token);

        Assert.True(comparison.Differences.Count == 0, $"{comparison}\n{string.Join('\n', comparison.Differences.Take(20))}");
        Assert.True(comparison.LostAsync > 0, $"No kill took anything back: {comparison}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}");
    }

    private static void AssertKept(DecisionComparison comparison, DecisionRun run)
    {
        Assert.True(comparison.Differences.Count == 0, $"{comparison}\n{string.Join('\n', comparison.Differences.Take(20))}");
        Assert.True(run.Ledger.Unanswered > 0, "Every call was answered: no kill fell into one.");
        Assert.True(comparison.Answered > 500, $"Only {comparison.Answered} decisions were compared.");
        Assert.True(comparison.EditedSince > 0, "No action was edited after a decision.");
        Assert.True(comparison.CappedOffers > 50, $"Only {comparison.CappedOffers} capped actions were offered.");
        Assert.True(comparison.OfMerged > 0, "No customer was merged after a decision.");
        Assert.True(comparison.Outcomes > 200, $"Only {comparison.Outcomes} outcomes count.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}");
    }
}
