using System.Text;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Grains.Ports;
using Cdp.PostgresKit;
using Cdp.Storage.Postgres;
using Cdp.V1;
using Google.Rpc;
using Npgsql;

namespace Cdp.Crash.Tests;

/// <summary>
/// Invariant 14 on a real server and its real files: it is killed at every step of an erasure; after the next start nothing of
/// the person is in any file, and neither a resend nor a replay brings anything back.
/// </summary>
public sealed class ErasureKillTests
{
    private const int Visits = 300;

    private static readonly string[] Secrets = ["anna@example.org", "u-anna-77", "ck-anna", "measles", "ev-anna"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_kill_at_any_step_leaves_nothing_behind()
    {
        using var directory = new TemporaryDirectory();
        foreach (var step in RecoverySteps.ByErasures)
        {
            var data = directory[step];
            await using (var child = CdpProcess.Serve(data, $"{step}:1", partitions: 4))
            {
                using var client = CdpProcess.Connect((await child.Address)!);
                await LiveAsync(client);
                Assert.Empty(HeldFiles.Missing(data, Secrets));
                await Assert.ThrowsAsync<CallException>(() => EraseAsync(client));
                Assert.Equal(CdpProcess.Killed, await child.WaitAsync(Token));
            }

            await using (var child = CdpProcess.Serve(data))
            {
                using var client = CdpProcess.Connect((await child.Address)!);
                await GoneAsync(client);
                Assert.Empty(HeldFiles.Holding(data, step, Secrets));
            }

            Assert.Empty(HeldFiles.Holding(data, step, Secrets));
        }
    }

    [Fact]
    public async Task Neither_a_resend_nor_a_replay_brings_anything_back_into_the_files()
    {
        using var directory = new TemporaryDirectory();
        var data = directory["data"];
        await using (var child = CdpProcess.Serve(data, partitions: 4))
        {
            using var client = CdpProcess.Connect((await child.Address)!);
            await LiveAsync(client);
            var receipt = (await EraseAsync(client)).Receipt;
            TestContext.Current.TestOutputHelper?.WriteLine($"{Visits + 3} events erased in {(receipt.ErasedAt.UnixMicros - receipt.RequestedAt.UnixMicros) / 1_000} ms");
            Assert.True(receipt.Places.First(place => place.Place == "log").Items >= Visits);
            Assert.Empty(HeldFiles.Holding(data, "erased", Secrets));
            var token = await Dying.PublishAsync(client, [.. Events(), Event("new-1", ("cookie", "somebody-new"))]);
            Assert.Equal(1, (await ReadAsync(client, "cookie", "somebody-new", token)).Activity.EventCount);
            await GoneAsync(client);
            Assert.Empty(HeldFiles.Holding(data, "sent again", Secrets));
            await child.SignalAsync("TERM", Token);
            await child.WaitAsync(Token);
        }

        foreach (string[] arguments in (string[][])[["replay", "--data", data], ["replay", "--from-log", "--data", data]])
        {
            await using var replay = CdpProcess.Start(arguments, new CdpProcessOptions());
            Assert.True(await replay.WaitAsync(Token) == 0, replay.Output);
            Assert.Empty(HeldFiles.Holding(data, string.Join(' ', arguments), Secrets));
        }

        await using (var child = CdpProcess.Serve(data))
        {
            using var client = CdpProcess.Connect((await child.Address)!);
            await GoneAsync(client);
            await GoneAsync(client, await Dying.PublishAsync(client, Events()));
            Assert.Equal(1, (await ReadAsync(client, "cookie", "somebody-new", "")).Activity.EventCount);
            Assert.Empty(HeldFiles.Holding(data, "sent once more", Secrets));
        }
    }

    [Fact]
    public async Task In_PostgreSQL_no_table_holds_anything_after_a_killed_erasure_a_resend_and_a_replay()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync();
        await PostgresSchema.MigrateAsync(server.ConnectionString, PostgresSchema.DefaultName, partitions: 4, epoch: null, Token);
        await using (var child = CdpProcess.Serve(server.Url, $"{RecoverySteps.ErasureBlanked}:1"))
        {
            using var client = CdpProcess.Connect((await child.Address)!);
            await LiveAsync(client);
            var held = await TablesAsync(server);
            foreach (var secret in Secrets) Assert.Contains(Hex(secret), held, StringComparison.Ordinal);
            await Assert.ThrowsAsync<CallException>(() => EraseAsync(client));
            Assert.Equal(CdpProcess.Killed, await child.WaitAsync(Token));
        }

        await using (var child = CdpProcess.Serve(server.Url))
        {
            using var client = CdpProcess.Connect((await child.Address)!);
            await GoneAsync(client, await Dying.PublishAsync(client, Events()));
            await AssertNotHeldAsync("sent again");
            await child.SignalAsync("TERM", Token);
            await child.WaitAsync(Token);
        }

        await using var replay = CdpProcess.Start(["replay", "--from-log", "--postgres", server.Url], new CdpProcessOptions());
        Assert.True(await replay.WaitAsync(Token) == 0, replay.Output);
        await AssertNotHeldAsync("replayed");

        async Task AssertNotHeldAsync(string when)
        {
            var held = await TablesAsync(server);
            foreach (var secret in Secrets) Assert.False(held.Contains(Hex(secret), StringComparison.Ordinal), $"{when}: a table holds {secret}");
        }
    }

    /// <summary>All rows of all tables of the product, as text: bytes in hexadecimal.</summary>
    private static async Task<string> TablesAsync(PostgresServer server)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(Token);
        var names = await ReadAsync(connection, $"SELECT tablename FROM pg_tables WHERE schemaname = '{PostgresSchema.DefaultName}'");
        var text = new StringBuilder();
        foreach (var name in names)
        {
            foreach (var row in await ReadAsync(connection, $"SELECT t::text FROM {PostgresSchema.DefaultName}.\"{name}\" t")) text.AppendLine(row);
        }

        return text.ToString();
    }

    private static async Task<List<string>> ReadAsync(NpgsqlConnection connection, string query)
    {
        await using var command = new NpgsqlCommand(query, connection);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<string>();
        while (await reader.ReadAsync(Token)) rows.Add(reader.GetString(0));
        return rows;
    }

    private static string Hex(string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));

    private static async Task LiveAsync(CdpClient client)
    {
        var token = await Dying.PublishAsync(client, Events());
        Assert.Equal(Visits + 3, (await ReadAsync(client, "email", "anna@example.org", token)).Activity.EventCount);
        await client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = new Placement { Id = "home", Channel = "web" } }, cancellationToken: Token);
        await client.Decisions.DecideAsync(new DecideRequest { Placement = "home", Identifiers = { new Identifier { Namespace = "cookie", Value = "ck-anna" } }, Purpose = "service" }, cancellationToken: Token);
    }

    private static Event[] Events()
    {
        var visits = Enumerable.Range(0, Visits).Select(i => Event($"ev-anna-{i}", ("cookie", "ck-anna"))).ToList();
        var signedUp = Event("ev-anna-sign", ("email", "anna@example.org"), ("user_id", "u-anna-77"));
        signedUp.Traits = new TraitChanges { Set = { ["illness"] = new Value { StringValue = "measles" } } };
        return [.. visits, signedUp, Event("ev-anna-in", ("user_id", "u-anna-77"), ("cookie", "ck-anna")), Event("ev-anna-out", ("user_id", "u-anna-77"))];
    }

    private static Event Event(string id, params (string Namespace, string Value)[] identifiers)
    {
        var made = new Event { Id = id, Type = "Product Viewed", Source = "tests", Channel = "web" };
        made.Identifiers.AddRange(identifiers.Select(i => new Identifier { Namespace = i.Namespace, Value = i.Value }));
        made.Properties["note"] = new Value { StringValue = $"visit of {identifiers[0].Value}" };
        return made;
    }

    private static Task<EraseCustomerResponse> EraseAsync(CdpClient client) =>
        client.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = Ref("email", "anna@example.org"), Reason = "4711" }, cancellationToken: Token);

    private static async Task<Profile> ReadAsync(CdpClient client, string ns, string value, string token) => (await client.Profiles.GetProfileAsync(
        new GetProfileRequest { Customer = Ref(ns, value), Purpose = "service", Fields = { "activity" }, AfterToken = token }, cancellationToken: Token)).Profile;

    private static async Task GoneAsync(CdpClient client, string token = "")
    {
        foreach (var (ns, value) in new[] { ("email", "anna@example.org"), ("user_id", "u-anna-77"), ("cookie", "ck-anna") })
        {
            var error = await Assert.ThrowsAsync<CallException>(() => ReadAsync(client, ns, value, token));
            Assert.Equal(Code.NotFound, error.StatusCode);
        }
    }

    private static CustomerRef Ref(string ns, string value) => new() { Identifier = new Identifier { Namespace = ns, Value = value } };
}
