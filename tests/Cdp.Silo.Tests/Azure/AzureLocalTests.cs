using Cdp.CrashKit;
using Cdp.Silo.Tests.Processes;
using Cdp.V1;

namespace Cdp.Silo.Tests.Azure;

/// <summary>A silo of the profile <c>azure-local</c> as a process, with Azurite for Azure Storage.</summary>
public sealed class AzureLocalTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("cdp-silo-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task It_keeps_what_it_acknowledged_when_it_is_killed()
    {
        await using var azurite = await Azurite.StartAsync(Token);

        // One port: a silo takes the place of the one that was killed there.
        var environment = SiloProcesses.Environment(("Cdp__Profile", "azure-local"), ("Cdp__DataDirectory", _data), ("Cdp__Tables", azurite.Tables), ("Cdp__Partitions", "2"));
        for (var round = 1; round <= 3; round++)
        {
            await using var silo = CdpProcess.Start([], new CdpProcessOptions { Program = "cdp-silo.dll", Environment = environment });
            var address = await silo.Address;
            Assert.True(address is not null, silo.Output);
            using var client = CdpProcess.Connect(address);
            var made = new Event { Id = $"e{round}", Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web" };
            made.Identifiers.Add(new Identifier { Namespace = "email", Value = "somebody@example.com" });
            var published = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Token);
            var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = made.Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
            Assert.Equal(round, (await client.Profiles.GetProfileAsync(read, cancellationToken: Token)).Profile.Activity.EventCount);
            await silo.SignalAsync(round == 1 ? "TERM" : "KILL", Token);
            Assert.Equal(round == 1 ? 0 : CdpProcess.Killed, await silo.WaitAsync(Token));
        }
    }
}
