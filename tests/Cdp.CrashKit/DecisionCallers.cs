using System.Globalization;
using Cdp.Client;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.CrashKit;

/// <summary>
/// Concurrent callers who decide for a few shoppers, say what came of it, join the shoppers' customers and edit actions,
/// until the server dies.
/// </summary>
internal sealed class DecisionCallers(DecisionLedger ledger, DecisionCatalog catalog, int seed)
{
    private const int ShoppersAtOnce = 4;
    private const int MostAsked = 100;
    private const int MostOutcomes = 5;
    private static readonly CallOptions Patient = new() { Timeout = TimeSpan.FromSeconds(30) };
    private static readonly OutcomeKind[] Kinds = [OutcomeKind.Shown, OutcomeKind.Clicked, OutcomeKind.Accepted, OutcomeKind.Rejected, OutcomeKind.Converted, OutcomeKind.Converted, OutcomeKind.Returned];

    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly List<Shopper> _shoppers = [];
    private int _events;
    private int _outcomes;
    private int _isEditing;

    /// <summary>Everybody that decisions were asked for.</summary>
    public IReadOnlyList<Shopper> Shoppers
    {
        get
        {
            lock (_lock) return [.. _shoppers];
        }
    }

    /// <summary>
    /// Gets to know shoppers that decisions can be asked for without anything else being written beside them: their events are
    /// applied, and a decision that waited for the disk followed.
    /// </summary>
    public async Task MeetAsync(CdpClient client, CancellationToken cancellationToken)
    {
        for (var met = 0; met < ShoppersAtOnce; met++)
        {
            var shopper = Add();
            await IntroduceAsync(client, shopper, cancellationToken);
            foreach (var device in shopper.Devices)
            {
                var request = Request(device);
                (request.Placement, request.Consistency, request.AfterToken) = (DecisionCatalog.Rates, DecisionConsistency.Sync, shopper.Token);
                await DecideAsync(client, request, shopper, seesAll: false, cancellationToken);
            }
        }
    }

    /// <summary>Makes one call after the other until the server dies or enough is answered.</summary>
    /// <param name="child">The server.</param>
    /// <param name="client">Its client.</param>
    /// <param name="stopAt">How many calls are enough, all before included.</param>
    /// <param name="onlyAsync">Only decides, and only what a crash may take back.</param>
    /// <param name="cancellationToken">Ends the calling.</param>
    public async Task CallUntilAsync(CdpProcess child, CdpClient client, int stopAt, bool onlyAsync, CancellationToken cancellationToken)
    {
        while (!child.HasExited && ledger.Answered < stopAt)
        {
            try
            {
                await (onlyAsync ? DecideBehindAsync(client, cancellationToken) : CallAsync(client, cancellationToken));
            }
            catch (CallException e) when (e.StatusCode == Code.Unavailable)
            {
                // The connection broke, so the child is dying; if it is not, waiting for its end will tell.
                return;
            }
        }
    }

    /// <summary>Sends what was not answered until all of it is.</summary>
    public async Task SettleAsync(CdpClient client, CancellationToken cancellationToken)
    {
        while (ledger.TakeOpen() is { } open) await RecordAsync(client, [open], cancellationToken);
    }

    /// <summary>Sends an outcome of a decision that is lost: nothing may come of it.</summary>
    public Task RecordLostAsync(CdpClient client, AnsweredDecision decision, CancellationToken cancellationToken)
    {
        var action = decision.Response.Ranked.Select(ranked => ranked.ActionId).FirstOrDefault(id => id.Length > 0);
        return action is null ? Task.CompletedTask : RecordAsync(client, [new SentOutcome(Make(decision, action, OutcomeKind.Accepted), decision)], cancellationToken);
    }

    private Task CallAsync(CdpClient client, CancellationToken cancellationToken) => Draw(100) switch
    {
        < 60 => DecideAsync(client, cancellationToken),
        < 90 => RecordAsync(client, DrawOutcomes(), cancellationToken),
        < 95 => PublishAsync(client, cancellationToken),
        < 97 => DecideForNobodyAsync(client, cancellationToken),
        _ => EditAsync(client, cancellationToken),
    };

    private async Task DecideAsync(CdpClient client, CancellationToken cancellationToken)
    {
        var shopper = await PickAsync(client, cancellationToken);
        var request = Request(shopper.Devices[Draw(2)]);
        var seesAll = shopper.JoinToken.Length > 0 && Draw(2) == 0;
        request.AfterToken = seesAll ? shopper.JoinToken : shopper.Token;
        await DecideAsync(client, request, shopper, seesAll, cancellationToken);
    }

    private Task DecideBehindAsync(CdpClient client, CancellationToken cancellationToken)
    {
        // Without a token: who waits for one waits for what is written behind as well.
        var shopper = PickKnown();
        var request = Request(shopper.Devices[Draw(2)]);
        (request.Placement, request.Consistency) = (DecisionCatalog.Rates, DecisionConsistency.Async);
        return DecideAsync(client, request, shopper, seesAll: false, cancellationToken);
    }

    private Task DecideForNobodyAsync(CdpClient client, CancellationToken cancellationToken) =>
        DecideAsync(client, Request(string.Create(CultureInfo.InvariantCulture, $"nobody-{Draw(1_000)}")), shopper: null, seesAll: false, cancellationToken);

    private async Task DecideAsync(CdpClient client, DecideRequest request, Shopper? shopper, bool seesAll, CancellationToken cancellationToken)
    {
        var asked = ledger.Moment();
        var response = await OrLoseAsync(client.Decisions.DecideAsync(request, Patient, cancellationToken));
        ledger.Answer(new AnsweredDecision(response, shopper, asked, seesAll));
    }

    private async Task RecordAsync(CdpClient client, List<SentOutcome> sent, CancellationToken cancellationToken)
    {
        if (sent.Count == 0) return;
        foreach (var outcome in sent) ledger.Send(outcome);
        try
        {
            var response = await client.Decisions.RecordOutcomesAsync(new RecordOutcomesRequest { Outcomes = { sent.Select(s => s.Outcome) } }, Patient, cancellationToken);
            ledger.Answer(sent, response.Results);
        }
        catch (CallException)
        {
            ledger.Lose(sent);
            throw;
        }
    }

    private async Task PublishAsync(CdpClient client, CancellationToken cancellationToken)
    {
        var shopper = await PickAsync(client, cancellationToken);
        if (Draw(3) == 0)
        {
            shopper.JoinToken = await PublishAsync(client, [EventOf([.. shopper.Devices])], cancellationToken);
            return;
        }

        await PublishAsync(client, [EventOf(shopper.Devices[Draw(2)])], cancellationToken);
    }

    private async Task<string> PublishAsync(CdpClient client, IEnumerable<Event> events, CancellationToken cancellationToken)
    {
        var response = await OrLoseAsync(client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { events } }, Patient, cancellationToken));
        ledger.Answer();
        return response.Token;
    }

    private async Task EditAsync(CdpClient client, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isEditing, 1) != 0) return;
        try
        {
            await catalog.EditAsync(client.Decisions, Patient, cancellationToken);
            ledger.Answer();
        }
        catch (CallException)
        {
            ledger.Lose();
            throw;
        }
        finally
        {
            Volatile.Write(ref _isEditing, 0);
        }
    }

    private async Task<T> OrLoseAsync<T>(Task<T> call)
    {
        try
        {
            return await call;
        }
        catch (CallException)
        {
            ledger.Lose();
            throw;
        }
    }

    /// <summary>One of the newest, now and then any other, and at times somebody new, who is made two customers first.</summary>
    private async Task<Shopper> PickAsync(CdpClient client, CancellationToken cancellationToken)
    {
        Shopper shopper;
        lock (_lock)
        {
            var open = _shoppers.FindAll(s => s.Asked < MostAsked);
            shopper = open.Count < ShoppersAtOnce || _random.Next(100) == 0 ? Add() : open[_random.Next(open.Count)];
            shopper.Asked++;
        }

        if (shopper.Token.Length == 0) await IntroduceAsync(client, shopper, cancellationToken);
        return shopper;
    }

    private Shopper PickKnown()
    {
        lock (_lock) return _shoppers[^(1 + _random.Next(ShoppersAtOnce))];
    }

    private Shopper Add()
    {
        lock (_lock)
        {
            var shopper = new Shopper(_shoppers.Count);
            _shoppers.Add(shopper);
            return shopper;
        }
    }

    private async Task IntroduceAsync(CdpClient client, Shopper shopper, CancellationToken cancellationToken) =>
        shopper.Token = await PublishAsync(client, shopper.Devices.Select(device => EventOf(device)), cancellationToken);

    private List<SentOutcome> DrawOutcomes()
    {
        var sent = new List<SentOutcome>();
        for (var left = 1 + Draw(MostOutcomes); left > 0; left--)
        {
            if (Draw(3) == 0 && ledger.TakeOpen() is { } open) sent.Add(open);
            else if (Draw(10) == 0 && ledger.AnyOutcome(Draw(int.MaxValue)) is { } again && !sent.Contains(again)) sent.Add(again);
            else if (ledger.AnyDecision(Draw(64)) is { } decision) sent.Add(DrawOutcome(decision));
        }

        return sent;
    }

    private SentOutcome DrawOutcome(AnsweredDecision decision)
    {
        string[] actions = [.. decision.Response.Ranked.Select(ranked => ranked.ActionId).Where(id => id.Length > 0)];
        return new SentOutcome(Make(decision, actions[Draw(actions.Length)], Kinds[Draw(Kinds.Length)]), decision);
    }

    private Outcome Make(AnsweredDecision decision, string action, OutcomeKind kind)
    {
        var outcome = new Outcome { Id = string.Create(CultureInfo.InvariantCulture, $"o{Interlocked.Increment(ref _outcomes)}"), DecisionId = decision.Id, ActionId = action, Kind = kind };
        if (kind == OutcomeKind.Converted || (kind == OutcomeKind.Returned && Draw(2) == 0))
            outcome.Value = new Money { Amount = (Draw(1_000_000) / 10_000m).ToString(CultureInfo.InvariantCulture), CurrencyCode = "EUR" };
        return outcome;
    }

    private DecideRequest Request(string device) => new()
    {
        Placement = DecisionCatalog.Placements[Draw(DecisionCatalog.Placements.Count)],
        Identifiers = { new Identifier { Namespace = "device", Value = device } },
        Purpose = "service",
        Mode = Draw(10) switch { 0 => DecisionMode.DryRun, 1 => DecisionMode.Force, _ => DecisionMode.Live },
        Consistency = Draw(3) == 0 ? DecisionConsistency.Sync : DecisionConsistency.Async,
    };

    private Event EventOf(params string[] devices)
    {
        var made = new Event
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"e{Interlocked.Increment(ref _events)}"), Kind = EventKind.Track, Type = "Product Viewed", Source = "crash", Channel = "web",
        };
        made.Identifiers.AddRange(devices.Select(device => new Identifier { Namespace = "device", Value = device }));
        if (Draw(3) > 0) return made;
        made.Type = "Order Completed";
        made.Properties["total"] = new Value { DecimalValue = "12.5" };
        made.Properties["currency"] = new Value { StringValue = "EUR" };
        return made;
    }

    private int Draw(int end)
    {
        lock (_lock) return _random.Next(end);
    }
}
