using System.Net;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Grains.Ports;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Silo.Tests.Processes;

/// <summary>One silo as a process on a directory.</summary>
public sealed class LocalSiloTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("cdp-silo-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Theory]
    [InlineData("KILL")]
    [InlineData("TERM")]
    public async Task It_keeps_what_it_acknowledged(string signal)
    {
        const int Customers = 10;
        for (var round = 1; round <= 3; round++)
        {
            await using var silo = await StartAsync();
            using var client = CdpProcess.Connect((await silo.Address)!);
            var publish = new PublishEventsRequest();
            for (var i = 0; i < Customers; i++) publish.Events.Add(LocalSilo.EventOf(i, round));
            var published = await client.Ingest.PublishEventsAsync(publish, cancellationToken: Token);
            for (var i = 0; i < Customers; i++)
            {
                var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = LocalSilo.EventOf(i, round).Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
                Assert.Equal(round, (await client.Profiles.GetProfileAsync(read, cancellationToken: Token)).Profile.Activity.EventCount);
            }

            await silo.SignalAsync(signal, Token);
            Assert.Equal(signal == "KILL" ? CdpProcess.Killed : 0, await silo.WaitAsync(Token));
        }
    }

    [Fact]
    public async Task An_erasure_in_which_it_is_killed_is_ended_by_the_next_start()
    {
        var erase = new EraseCustomerRequest { Customer = new CustomerRef { Identifier = LocalSilo.EventOf(1, 1).Identifiers[0] } };
        await using (var silo = Start(("CDP_CRASH_AT", $"{RecoverySteps.ErasureListed}:1")))
        {
            using var client = CdpProcess.Connect((await silo.Address)!);
            await VisitAsync(client, 1, 1);
            await Assert.ThrowsAsync<CallException>(() => client.Privacy.EraseCustomerAsync(erase, cancellationToken: Token));
            Assert.Equal(CdpProcess.Killed, await silo.WaitAsync(Token));
        }

        await using (var silo = await StartAsync())
        {
            using var client = CdpProcess.Connect((await silo.Address)!);
            Assert.Equal(Code.NotFound, (await Assert.ThrowsAsync<CallException>(() => client.Privacy.EraseCustomerAsync(erase, cancellationToken: Token))).StatusCode);
            Assert.Equal(2, await VisitAsync(client, 2, 1, 2));
            Assert.Equal(1, await VisitAsync(client, 1, 1, 2));
            Assert.Single((await client.Privacy.EraseCustomerAsync(erase, cancellationToken: Token)).Receipt.CustomerIds);
        }
    }

    [Fact]
    public async Task It_tells_its_health_and_ends_well()
    {
        await using var silo = await StartAsync();
        using var http = new HttpClient { BaseAddress = LocalSilo.HealthOf(silo) };
        foreach (var path in (string[])["/livez", "/startupz", "/readyz"])
        {
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Token);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await silo.SignalAsync("TERM", Token);
        Assert.Equal(0, await silo.WaitAsync(Token));
    }

    [Fact]
    public async Task It_answers_json_where_it_is_told_to()
    {
        await using var silo = Start(("Cdp__HttpPort", "0"));
        Assert.NotNull(await silo.Address);
        using var http = new HttpClient { BaseAddress = silo.HttpAddress };
        using var call = new HttpRequestMessage(HttpMethod.Post, "/cdp.v1.Admin/ListPartitions") { Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json") };
        call.Headers.Add("Authorization", $"Bearer {CdpProcess.OperatorKey}");

        using var reply = await http.SendAsync(call, Token);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Contains("\"logEpoch\"", await reply.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal("ready", await http.GetStringAsync(new Uri("/readyz", UriKind.Relative), Token));
        var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token);
        Assert.Contains("rpc_method=\"cdp.v1.Admin/ListPartitions\"", metrics, StringComparison.Ordinal);
        Assert.Contains("cdp_engine_activations", metrics, StringComparison.Ordinal);
        Assert.Contains("orleans_", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_setting_stops_it_with_one_line()
    {
        await using var silo = Start(("Cdp__Colour", "red"));
        Assert.Equal(1, await silo.WaitAsync(Token));
        Assert.StartsWith("cdp-silo: Setting Cdp:Colour", silo.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', silo.Errors);
    }

    /// <summary>Publishes events of a customer and returns how many it has then.</summary>
    private static async Task<long> VisitAsync(CdpClient client, int customer, params int[] numbers)
    {
        var published = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { numbers.Select(number => LocalSilo.EventOf(customer, number)) } }, cancellationToken: Token);
        var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = LocalSilo.EventOf(customer, 1).Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
        return (await client.Profiles.GetProfileAsync(read, cancellationToken: Token)).Profile.Activity.EventCount;
    }

    private async Task<CdpProcess> StartAsync()
    {
        var silo = Start();
        return await silo.Address is null ? throw new InvalidOperationException($"The silo did not start.\n{silo.Output}") : silo;
    }

    private CdpProcess Start(params (string Name, string Value)[] settings)
    {
        var environment = SiloProcesses.Environment(settings);
        environment["Cdp__DataDirectory"] = _data;
        return CdpProcess.Start([], new CdpProcessOptions { Program = "cdp-silo.dll", Environment = environment });
    }
}
