using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Node.Tests;
using Cdp.Node.Tests.Retail;
using Cdp.V1;

namespace Cdp.Silo.Tests.Processes;

/// <summary>A shop's file, imported into silos of which one is killed meanwhile, against a computation straight from the file.</summary>
public sealed class RetailClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_generated_twin_is_right_for_every_customer() => ProveAsync(RetailTwin.Make(seed: 5, invoices: 4_000));

    [Fact]
    public async Task December_2010_is_right_for_every_customer()
    {
        var path = Repository.Data(Path.Combine("online_retail", "online_retail_2010-12.csv"));
        Assert.SkipUnless(File.Exists(path), $"The public data is not there: {path}. Set CDP_DATA to the folder that holds online_retail/.");
        await ProveAsync(await File.ReadAllTextAsync(path, Token));
    }

    private static async Task ProveAsync(string csv)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("shop.csv"), csv, Token);
        var expected = RetailFigures.OfFile(csv);
        var lines = SimpleCsv.Read(csv).Skip(1).ToList();

        await using var silos = await SiloProcesses.StartAsync(3, Token);
        var door = silos.Silos[0];
        await using var import = CdpProcess.Call(
            (await door.Address)!, "import", folder.File("shop.csv"), "--mapping", Repository.RetailMapping, "--state", folder.Path, "--batch", "50");

        // As soon as the first customer is there, another silo goes.
        var first = RetailReader.RefOf(expected.Keys.Single(name => name == lines[0][6]));
        await UntilAsync(async () => import.HasExited || (await ReadAsync(silos.NextClient(), first)).Results[0].Profile is not null);
        Assert.False(import.HasExited, import.Output);
        await silos.KillAsync(silos.Silos.First(silo => silo != door));
        await silos.StartOneAsync(Token);
        Assert.True(await import.WaitAsync(Token) == 0, import.Output);

        var reader = new RetailReader(silos.NextClient());
        await UntilAsync(async () => (await silos.NextClient().Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Token)).Partitions
            .All(partition => partition.AppliedPosition >= partition.EndPosition));
        var events = await silos.ExplainAsync(reader.EventsAsync(expected.Keys));
        Assert.Equal(expected, RetailFigures.OfEvents(events.Select(e => e.Event)));
        var profiles = await silos.ExplainAsync(reader.ProfilesAsync(expected.Keys));
        foreach (var (customer, figures) in expected) Assert.Equal(figures with { Lines = 0, Quantity = 0 }, RetailReader.FiguresOf(profiles[customer]));
        Assert.Equal(expected.Count, profiles.Values.Select(profile => profile.CustomerId).Distinct().Count());
        TestContext.Current.TestOutputHelper?.WriteLine($"{lines.Count} lines, {events.Count} invoices, {expected.Count} customers, {events.Sum(e => e.Copies)} copies\n{import.Printed}");
    }

    private static async Task<BatchGetProfilesResponse> ReadAsync(CdpClient client, CustomerRef customer) =>
        await client.Profiles.BatchGetProfilesAsync(new BatchGetProfilesRequest { Purpose = "service", Customers = { customer } }, cancellationToken: Token);

    /// <summary>Waits for something; calls to a silo that is lost may fail meanwhile.</summary>
    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        while (true)
        {
            try
            {
                if (await isSo()) return;
            }
            catch (CallException)
            {
            }

            await Task.Delay(20, patience.Token);
        }
    }
}
