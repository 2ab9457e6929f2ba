using System.Diagnostics;
using System.Globalization;
using Cdp.CrashKit;
using Cdp.Grains.Ports;

namespace Cdp.Bench.Product;

/// <summary>Kills a real server again and again, and compares what it answers with a ledger that nobody kills.</summary>
internal sealed class KillBench : IBench
{
    private const int DefaultKills = 1_000;
    private const int KillsBetweenComparisons = 50;
    private const int Lanes = 2;

    public string Name => "kill";

    public string Description => "acknowledged events found exactly once after kills [--kills N, default 1,000; --seconds ends sooner] ÷ acknowledged events; goal 1";

    public async Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken)
    {
        var kills = arguments.NumberOf("--kills", DefaultKills);
        var limit = arguments.SecondsGiven ? TimeSpan.FromSeconds(arguments.Seconds) : Timeout.InfiniteTimeSpan;
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(limit);
        var started = Stopwatch.GetTimestamp();
        Console.WriteLine("lane  kills  at a step  acknowledged  unanswered  customers  lost  twice  sums  groups  members  ids  seconds");
        var lanes = await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(() => RunLaneAsync(lane, kills / Lanes, started, time.Token, cancellationToken))));
        var events = lanes.Sum(l => l.Comparison.Events);
        var lost = lanes.Sum(l => l.Comparison.Lost);
        var twice = lanes.Sum(l => l.Comparison.Twice);
        return new BenchResult((events - lost - twice) / (double)events, new Dictionary<string, double>
        {
            ["kills"] = lanes.Sum(l => l.Kills),
            ["kills_at_steps"] = lanes.Sum(l => l.AtSteps),
            ["events"] = events,
            ["customers"] = lanes.Sum(l => l.Comparison.Customers),
            ["lost"] = lost,
            ["twice"] = twice,
            ["wrong_sums"] = lanes.Sum(l => l.Comparison.WrongSums),
            ["wrong_groups"] = lanes.Sum(l => l.Comparison.WrongGroups),
            ["wrong_members"] = lanes.Sum(l => l.Comparison.WrongMembers),
            ["lost_ids"] = lanes.Sum(l => l.Comparison.LostIds),
            ["seconds"] = Stopwatch.GetElapsedTime(started).TotalSeconds,
        });
    }

    /// <summary>One data directory and its server, killed by turns at a step, at a moment and in the midst of batches.</summary>
    private static async Task<Lane> RunLaneAsync(int lane, int kills, long started, CancellationToken enough, CancellationToken cancellationToken)
    {
        var data = Directory.CreateTempSubdirectory("cdp-kill-").FullName;
        var run = new CrashRun(data, seed: lane);
        var random = new Random(lane);
        var (done, atSteps) = (0, 0);
        Comparison comparison;
        do
        {
            for (var i = 0; i < KillsBetweenComparisons && done < kills && !enough.IsCancellationRequested; i++)
            {
                var plan = Draw(random, atStep: i % 2 == 0);
                await run.KillAsync(plan, cancellationToken);
                done++;
                if (plan is KillPlan.AtStep) atSteps++;
            }

            comparison = await run.CompareAsync(everything: done == kills || enough.IsCancellationRequested, cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{lane,4}  {done,5}  {atSteps,9}  {run.Ledger.Acknowledged,12}  {run.Ledger.Unacknowledged,10}  {comparison.Customers,9}  {comparison.Lost,4}  {comparison.Twice,5}  {comparison.WrongSums,4}  {comparison.WrongGroups,6}  {comparison.WrongMembers,7}  {comparison.LostIds,3}  {Stopwatch.GetElapsedTime(started).TotalSeconds,7:n0}"));
            foreach (var difference in comparison.Differences) Console.WriteLine($"      {difference}");
        }
        while (comparison.IsClean && done < kills && !enough.IsCancellationRequested);

        if (comparison.IsClean) Directory.Delete(data, recursive: true);
        else Console.WriteLine($"      kept in {data}");
        return new Lane(done, atSteps, comparison);
    }

    /// <summary>Not two steps in a row: an event at which a server died again and again would rightly be suspected.</summary>
    private static KillPlan Draw(Random random, bool atStep)
    {
        if (atStep) return new KillPlan.AtStep(RecoverySteps.ByEvents[random.Next(RecoverySteps.ByEvents.Count)], 1 + random.Next(8));
        return random.Next(2) == 0
            ? new KillPlan.AfterTime(TimeSpan.FromMilliseconds(random.Next(3_000)))
            : new KillPlan.AfterAcknowledgements(random.Next(30));
    }

    private sealed record Lane(int Kills, int AtSteps, Comparison Comparison);
}
