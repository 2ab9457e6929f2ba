using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Node.Demo;

/// <summary>Audiences: one that Anna comes into by being recognised, some that live with the crowd, one that is put afterwards.</summary>
internal sealed class AudienceCheck(Ledger ledger, TimeProvider time)
{
    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(60) };
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly Audience[] Live =
    [
        new("buyers", "orders.count >= 1", account => Orders(account) >= 1, HasAnna: true),
        new("high-value", "revenue.EUR.net >= 100 EUR", account => account.In(Currency.Eur) is var eur && eur.GrossCents - eur.RefundedCents >= 100_00, HasAnna: true),
        new("gave-back", "refunds.count > 0", account => account.In(Currency.Eur).Refunds + account.In(Currency.Chf).Refunds > 0, HasAnna: false),
    ];

    private static readonly Audience Late = new(
        "swiss-regulars", "orders.CHF.count >= 2 and refunds.count == 0",
        account => account.In(Currency.Chf) is { Orders: >= 2, Refunds: 0 } && account.In(Currency.Eur).Refunds == 0, HasAnna: false);

    /// <summary>Defines those that the crowd moves through.</summary>
    public static async Task DefineAsync(CdpClient client, DemoReport report, CancellationToken cancel)
    {
        report.Say("Three audiences are defined before anybody comes:");
        report.Show(string.Join('\n', Live.Select(a => $"cdp segment put {a.Id} '{a.Expression}'")));
        foreach (var audience in Live) await PutAsync(client, audience, cancel);
    }

    /// <summary>Counts them, and puts one more over everybody who is there.</summary>
    public async Task RunAsync(CdpClient client, DemoReport report, IReadOnlyList<string> tokens, CancellationToken cancel)
    {
        // Anna was there before they were defined: their backfill has to be done.
        var audiences = new Proof("audiences");
        await BackfilledAsync(client, Live[0].Id, cancel);
        foreach (var token in tokens) await CountAsync(client, Live[0].Id, token, cancel);
        var counts = new List<string>();
        foreach (var audience in Live)
        {
            var members = (await CountAsync(client, audience.Id, "", cancel)).Members;
            audiences.Equal($"members of {audience.Id}", Expected(audience), members);
            counts.Add(string.Create(CultureInfo.InvariantCulture, $"{audience.Id} {members:N0}"));
        }

        report.Prove(audiences, $"{string.Join(", ", counts)}: as in the ledger, kept live through duplicates, merges and the kill");

        report.Say($"Now an audience that nobody thought of before: `{Late.Expression}`. Everybody who is there is evaluated while the server goes on.");
        var started = time.GetTimestamp();
        await PutAsync(client, Late, cancel);
        var count = await BackfilledAsync(client, Late.Id, cancel);
        var backfill = new Proof("backfill");
        backfill.Equal($"members of {Late.Id}", Expected(Late), count.Members);
        report.Prove(backfill, $"{Late.Id} {count.Members:N0}, as in the ledger, {time.GetElapsedTime(started).TotalSeconds:0.0} s after it was put; {count.Backfill.Customers:N0} ids visited");
    }

    private long Expected(Audience audience) => ledger.Accounts.Count(audience.Holds) + (audience.HasAnna ? 1 : 0);

    private static long Orders(Account account) => account.In(Currency.Eur).Orders + account.In(Currency.Chf).Orders;

    private static async Task PutAsync(CdpClient client, Audience audience, CancellationToken cancel)
    {
        var segment = new Segment { Id = audience.Id, Expression = audience.Expression };
        await client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = segment }, Patience, cancel);
    }

    private async Task<CountMembersResponse> BackfilledAsync(CdpClient client, string id, CancellationToken cancel)
    {
        while (true)
        {
            var count = await CountAsync(client, id, "", cancel);
            if (count.Backfill.Done) return count;
            await Task.Delay(Pause, time, cancel);
        }
    }

    private static Task<CountMembersResponse> CountAsync(CdpClient client, string id, string token, CancellationToken cancel) =>
        client.Segments.CountMembersAsync(new CountMembersRequest { Segment = id, AfterToken = token }, Patience, cancel);

    /// <summary>An audience, and who belongs into it by the ledger.</summary>
    private sealed record Audience(string Id, string Expression, Func<Account, bool> Holds, bool HasAnna);
}
