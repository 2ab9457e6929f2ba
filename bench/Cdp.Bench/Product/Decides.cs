using System.Globalization;
using Cdp.Client;
using Cdp.V1;
using Action = Cdp.V1.Action;

namespace Cdp.Bench.Product;

/// <summary>Actions of several kinds, and decisions about the customers of <see cref="EventSource"/>.</summary>
internal static class Decides
{
    private const string Placement = "home";
    private const string Channel = "web";
    private static readonly string[] Categories = ["dryers", "fridges", "ovens"];

    /// <summary>Puts a placement of three slots, and actions that all compete for it; a fifth has no condition. None has a cap, which would make every decision SYNC.</summary>
    public static async Task PutAsync(CdpClient client, int actions, CancellationToken cancellationToken)
    {
        var placement = new Placement { Id = Placement, Channel = Channel, Slots = 3, Fallback = new Payload { Channel = Channel, Key = "nothing" } };
        await client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = placement }, cancellationToken: cancellationToken);
        for (var i = 0; i < actions; i++) await client.Decisions.PutActionAsync(new PutActionRequest { Action = ActionOf(i) }, cancellationToken: cancellationToken);
    }

    /// <summary>The request for one customer.</summary>
    public static DecideRequest Request(int customer, DecisionConsistency consistency) => new()
    {
        Placement = Placement,
        Identifiers = { new Identifier { Namespace = "user_id", Value = string.Create(CultureInfo.InvariantCulture, $"user-{customer}") } },
        Context = { ["cart_value"] = new Value { DecimalValue = "79.90" } },
        Purpose = "service",
        Consistency = consistency,
        OmitRemoved = true,
    };

    /// <summary>Decides once for each customer, from several callers at once.</summary>
    public static Task ForEachAsync(CdpClient client, int customers, int callers, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(0, customers),
        new ParallelOptions { MaxDegreeOfParallelism = callers, CancellationToken = cancellationToken },
        async (customer, token) => await client.Decisions.DecideAsync(Request(customer, DecisionConsistency.Async), cancellationToken: token));

    /// <summary>Decides from several callers at once, uniform over the customers; latencies in milliseconds, sorted.</summary>
    public static Task<double[]> RunAsync(CdpClient client, int customers, int callers, DecisionConsistency consistency, TimeSpan duration, CancellationToken cancellationToken) =>
        ClosedLoop.RunAsync(customer => client.Decisions.DecideAsync(Request(customer, consistency), cancellationToken: cancellationToken), customers, callers, duration, cancellationToken);

    /// <summary>Decides at a steady rate, whatever the server does: an open loop. Latencies in milliseconds, sorted.</summary>
    public static Task<double[]> RunSteadyAsync(CdpClient client, int customers, double perSecond, TimeSpan duration, CancellationToken cancellationToken) => OpenLoop.RunAsync(
        customer => client.Decisions.DecideAsync(Request(customer, DecisionConsistency.Async), cancellationToken: cancellationToken), customers, perSecond, duration, cancellationToken);

    private static Action ActionOf(int i)
    {
        var action = new Action
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"action-{i}"),
            DisplayName = string.Create(CultureInfo.InvariantCulture, $"Action {i}"),
            Objective = i % 2 == 0 ? "revenue" : "retention",
            Labels = { "promotion" },
            Payloads = { new Payload { Channel = Channel, Key = string.Create(CultureInfo.InvariantCulture, $"banner-{i}") } },
            Value = new Money { Amount = string.Create(CultureInfo.InvariantCulture, $"{1 + (i % 7)}.50"), CurrencyCode = "EUR" },
            Prior = new ActionPrior { Shown = 1_000, Succeeded = 20 + (i % 30) },
        };
        if (i % 5 == 1) action.Eligibility = "orders.count < 3";
        if (i % 5 == 2) action.Eligibility = "revenue.EUR.net < 500 EUR or channels.app.count >= 1";
        if (i % 5 == 3) action.Eligibility = "call.context.cart_value < 100 and last_seen within 30d";
        if (i % 5 == 4) action.Rules.Add(new ActionRule { Name = "just_looked", RemovedWhen = $"traits.last_category == \"{Categories[i / 5 % 3]}\"" });
        return action;
    }
}
