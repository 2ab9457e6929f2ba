using Cdp.Client;
using Cdp.V1;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>Many writers merge the same customers at once: no call waits for another in a circle.</summary>
public sealed class RingTests
{
    private const int Writers = 16;
    private const int Devices = 20;
    private const int EventsEach = 40;

    /// <summary>Far above what the calls take: a deadlock is told by it.</summary>
    private static readonly CallOptions Patient = new() { Timeout = TimeSpan.FromSeconds(60) };

    [Fact]
    public async Task Sixteen_writers_merge_overlapping_rings_and_no_call_ends_by_a_timeout()
    {
        await using var server = await GatewayFixture.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(server, writer))));

        var token = await server.PublishAsync([.. Enumerable.Range(0, Devices).Select(d => GatewayFixture.Event($"last-{d}", "Seen", Device(d)))]);
        var profiles = new List<Profile>();
        for (var d = 0; d < Devices; d++) profiles.Add(await server.ProfileAsync("device", $"ring-{d}", token));
        var customer = Assert.Single(profiles.Select(p => p.CustomerId).Distinct());
        Assert.All(profiles, p => Assert.Equal((Writers * EventsEach) + Devices, p.Activity.EventCount));

        var described = await server.Client.Identities.DescribeIdentityAsync(
            new DescribeIdentityRequest { Customer = new CustomerRef { CustomerId = customer }, Purpose = "service", PageSize = 1_000 },
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(described.FormerCustomerIds.Count, described.Facts.Count(f => f.Merged is not null));
    }

    /// <summary>Each writer has a ring of six devices, of which its neighbours have five.</summary>
    private static async Task WriteAsync(GatewayFixture server, int writer)
    {
        var random = new Random(writer);
        for (var i = 0; i < EventsEach; i++)
        {
            var first = writer + random.Next(6);
            var token = (await server.Client.Ingest.PublishEventsAsync(
                new PublishEventsRequest { Events = { GatewayFixture.Event($"{writer}-{i}", "Seen", Device(first), Device(first + 1)) } },
                Patient, TestContext.Current.CancellationToken)).Token;
            if (i % 4 != 0) continue;
            var resolved = await server.Client.Identities.ResolveIdentifierAsync(
                new ResolveIdentifierRequest { Identifier = Identifier(first), AfterToken = token }, Patient, TestContext.Current.CancellationToken);
            Assert.NotEmpty(resolved.CustomerId);
        }
    }

    private static (string Namespace, string Value) Device(int number) => ("device", $"ring-{number % Devices}");

    private static Identifier Identifier(int number) => new() { Namespace = Device(number).Namespace, Value = Device(number).Value };
}
