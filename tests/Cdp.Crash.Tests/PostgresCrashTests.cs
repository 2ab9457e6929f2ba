using Cdp.CrashKit;
using Cdp.Grains.Ports;
using Cdp.PostgresKit;
using Cdp.Storage.Postgres;

namespace Cdp.Crash.Tests;

/// <summary>A node whose data are in a PostgreSQL database: either of the two is killed.</summary>
public sealed class PostgresCrashTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_that_is_killed_at_any_step_loses_nothing_and_counts_nothing_twice()
    {
        await using var server = await StartAsync();
        var run = new CrashRun(server.Url, seed: 4);
        foreach (var step in RecoverySteps.ByEvents) Assert.Equal(CdpProcess.Killed, (await run.KillAsync(new KillPlan.AtStep(step, 2), Token)).ExitCode);
        AssertClean(await run.CompareAsync(everything: true, Token));
        Assert.True(run.Ledger.Unacknowledged > 0, "Every batch was acknowledged: no kill fell into one.");
    }

    [Fact]
    public async Task A_node_whose_database_server_crashes_goes_on_and_loses_nothing()
    {
        await using var server = await StartAsync();
        var run = new CrashRun(server.Url, seed: 5);
        var (comparison, failed) = await run.OutlastAsync(
            async () =>
            {
                await server.KillAsync();
                await server.StartAgainAsync();
            },
            outages: 4, Token);
        AssertClean(comparison);
        Assert.True(failed > 0, "No call noticed that the server was away.");
    }

    private static async Task<PostgresServer> StartAsync()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var server = await PostgresServer.StartAsync();
        await PostgresSchema.MigrateAsync(server.ConnectionString, PostgresSchema.DefaultName, partitions: null, epoch: null, Token);
        return server;
    }

    private static void AssertClean(Comparison comparison)
    {
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
    }
}
