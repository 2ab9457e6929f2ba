using System.Globalization;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Grains.Ports;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Crash.Tests;

/// <summary>
/// A real server is killed at every step of the deletion of a tenant; the next one goes on by itself, and then nothing of the tenant
/// is in any file. Its neighbour has lost nothing.
/// </summary>
public sealed class TenantKillTests
{
    private const int Visitors = 120;

    private static readonly string[] Secrets = ["ann@gone.example", "gone-trait", "gone-cookie-7", "gone-refused", "gone-segment", "gone-event-3"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_kill_at_any_step_leaves_nothing_behind_and_takes_nothing_from_others()
    {
        using var directory = new TemporaryDirectory();
        foreach (var step in RecoverySteps.ByDeletions)
        {
            var data = directory[step];
            string gone, stays;
            await using (var child = CdpProcess.Serve(data, $"{step}:1", partitions: 4))
            {
                using var client = CdpProcess.Connect((await child.Address)!);
                (gone, stays) = (await LiveAsync(client, (await child.Address)!, "gone"), await LiveAsync(client, (await child.Address)!, "gone-2"));
                Assert.Empty(HeldFiles.Missing(data, Secrets));
                await Assert.ThrowsAsync<CallException>(() => DeleteAsync(client));
                Assert.Equal(CdpProcess.Killed, await child.WaitAsync(Token));
            }

            await using (var child = CdpProcess.Serve(data))
            {
                var address = (await child.Address)!;
                using var client = CdpProcess.Connect(address);
                using var former = new CdpClient(address, gone);
                var refused = await Assert.ThrowsAsync<CallException>(() => former.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Token));
                Assert.Equal((Code.Unauthenticated, "TENANT_DELETED"), (refused.StatusCode, refused.Reason));

                // It goes on without being asked; who asks waits for it.
                Assert.NotNull((await DeleteAsync(client)).EndedAt);
                Assert.Empty(HeldFiles.Holding(data, step, Secrets));
                using var other = new CdpClient(address, stays);
                Assert.Equal(Visitors + 2, await CountAsync(other, "gone-2"));
                await child.SignalAsync("TERM", Token);
                await child.WaitAsync(Token);
            }

            Assert.Empty(HeldFiles.Holding(data, $"{step}, stopped", Secrets));
            await using (var replay = CdpProcess.Start(["replay", "--from-log", "--data", data], new CdpProcessOptions())) Assert.True(await replay.WaitAsync(Token) == 0, replay.Output);
            Assert.Empty(HeldFiles.Holding(data, $"{step}, replayed", Secrets));
            await using (var child = CdpProcess.Serve(data))
            {
                var address = (await child.Address)!;
                using var other = new CdpClient(address, stays);
                Assert.Equal(Visitors + 2, await CountAsync(other, "gone-2"));
                using var client = CdpProcess.Connect(address);
                Assert.NotNull((await DeleteAsync(client)).EndedAt);
            }
        }
    }

    private static async Task<TenantDeletion> DeleteAsync(CdpClient client) =>
        (await client.Admin.DeleteTenantAsync(new DeleteTenantRequest { TenantId = "gone" }, cancellationToken: Token)).Deletion;

    /// <summary>A tenant with customers, a refused event and a segment, all of whose words begin with its id; returns its key.</summary>
    private static async Task<string> LiveAsync(CdpClient server, Uri address, string tenant)
    {
        // The neighbour's words are others.
        var word = tenant == "gone" ? "gone" : "other";
        await server.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = tenant } }, cancellationToken: Token);
        var key = (await server.Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = tenant, Roles = { Role.Admin }, DefaultPurpose = "service" }, cancellationToken: Token)).Secret;
        using var client = new CdpClient(address, key);
        await client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = $"{word}-segment", Expression = "events.count > 0" } }, cancellationToken: Token);
        var request = new PublishEventsRequest();
        for (var i = 0; i < Visitors; i++)
        {
            request.Events.Add(Event(word, $"{i}", ("cookie", $"{word}-cookie-{i}")));
            request.Events.Add(Event(word, $"of-ann-{i}", ("email", $"ann@{tenant}.example")));
        }

        var sign = Event(word, "sign", ("email", $"ann@{tenant}.example"), ("cookie", $"{word}-cookie-7"));
        sign.Traits = new TraitChanges { Set = { ["note"] = new Value { StringValue = $"{word}-trait" } } };
        request.Events.Add(sign);
        var refused = Event(word, $"refused-{word}-refused", ("email", $"ann@{tenant}.example"));
        refused.Channel = new string('c', 65);
        request.Events.Add(refused);
        var sent = await client.Ingest.PublishEventsAsync(request, cancellationToken: Token);
        Assert.Single(sent.Refused);
        Assert.Equal(Visitors + 2, await CountAsync(client, tenant, sent.Token));
        return key;
    }

    private static Event Event(string word, string id, params (string Namespace, string Value)[] identifiers)
    {
        var made = new Event { Id = $"{word}-event-{id}", Type = "Product Viewed", Source = "tests", Channel = "web" };
        made.Identifiers.AddRange(identifiers.Select(i => new Identifier { Namespace = i.Namespace, Value = i.Value }));
        made.Properties["note"] = new Value { StringValue = string.Create(CultureInfo.InvariantCulture, $"{word} visit {id}") };
        return made;
    }

    private static async Task<long> CountAsync(CdpClient client, string tenant, string token = "") => (await client.Profiles.GetProfileAsync(
        new GetProfileRequest
        {
            Customer = new CustomerRef { Identifier = new Identifier { Namespace = "email", Value = $"ann@{tenant}.example" } }, Purpose = "service", Fields = { "activity" }, AfterToken = token,
        },
        cancellationToken: Token)).Profile.Activity.EventCount;
}
