using Cdp.CrashKit;
using Cdp.V1;

namespace Cdp.Crash.Tests;

/// <summary>A server that was killed says what its start found of it.</summary>
public sealed class TornJournalTests
{
    private const string Healed = "healed the state's journal";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_start_says_how_much_of_a_torn_commit_it_cut_off_and_loses_no_event()
    {
        using var directory = new TemporaryDirectory();
        var data = directory["data"];
        await using (var child = CdpProcess.Serve(data))
        {
            using var client = CdpProcess.Connect((await child.Address)!);
            var token = await Dying.PublishAsync(client, Seen("e1"), Seen("e2"));
            Assert.Equal(2, await CountAsync(client, token));
            child.Kill();
            await child.WaitAsync(Token);
            Assert.DoesNotContain(Healed, child.Errors, StringComparison.Ordinal);
        }

        // What a crash of the machine leaves of the last write.
        var journal = Directory.GetFiles(data, "state.db.journal-*").Order(StringComparer.Ordinal).Last();
        await using (var file = File.Open(journal, FileMode.Open)) file.SetLength(file.Length - 5);

        Assert.Matches($"{Healed}: cut off [1-9][0-9]* bytes", await StartAsync(data));
        Assert.DoesNotContain(Healed, await StartAsync(data), StringComparison.Ordinal);
    }

    /// <summary>Starts a server that finds both events again; returns what it complained of.</summary>
    private static async Task<string> StartAsync(string data)
    {
        await using var child = CdpProcess.Serve(data);
        using var client = CdpProcess.Connect((await child.Address)!);
        var token = await Dying.PublishAsync(client, Seen("e1"));
        Assert.Equal(2, await CountAsync(client, token));
        await child.SignalAsync("TERM", Token);
        Assert.Equal(0, await child.WaitAsync(Token));
        return child.Errors;
    }

    private static Event Seen(string id) =>
        new() { Id = id, Kind = EventKind.Track, Type = "Seen", Source = "crash", Identifiers = { new Identifier { Namespace = "user_id", Value = "ann" } } };

    private static async Task<long> CountAsync(Client.CdpClient client, string token)
    {
        var request = new GetProfileRequest { Customer = new CustomerRef { Identifier = Seen("").Identifiers[0] }, Purpose = "service", AfterToken = token };
        return (await client.Profiles.GetProfileAsync(request, cancellationToken: Token)).Profile.Activity.EventCount;
    }
}
