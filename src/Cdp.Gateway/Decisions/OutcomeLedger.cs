using Cdp.Domain.Decisions;
using Cdp.Gateway.Keys;
using Cdp.Grains.Decisions;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Gateway.Decisions;

/// <summary>Where a decision stands: in the history of a customer, or, a visitor's, under its own id.</summary>
/// <param name="Customer">The customer; empty: a visitor's decision.</param>
/// <param name="Decision">The decision, where it is a visitor's.</param>
internal readonly record struct DecisionOwner(string Customer, string Decision)
{
    /// <summary>Where the decision of an outcome stands.</summary>
    public static DecisionOwner Of(Outcome outcome) =>
        DecisionId.TryParse(outcome.DecisionId, out var id) && id.Customer.Length > 0 ? new(id.Customer, string.Empty) : new(string.Empty, outcome.DecisionId);
}

/// <summary>Asks, wherever decisions stand, what their outcomes changed.</summary>
internal sealed class OutcomeLedger(GatewayPorts ports, CustomerFinder finder)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(1);

    /// <summary>What each of some applied outcomes changed, in their order.</summary>
    /// <param name="caller">Whose they are.</param>
    /// <param name="outcomes">The outcomes at their places in the log.</param>
    /// <param name="carried">Whether events carry them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<OutcomeCredit[]> ReadAsync(Caller caller, IReadOnlyList<LogEntry> outcomes, bool carried, CancellationToken cancellationToken)
    {
        var credits = new OutcomeCredit[outcomes.Count];
        await Task.WhenAll(Enumerable.Range(0, outcomes.Count).GroupBy(i => DecisionOwner.Of(outcomes[i].Event.Outcome)).Select(async group =>
        {
            var read = new ReadCreditsRequest { Outcomes = { group.Select(i => outcomes[i]) }, Carried = carried };
            var reply = await ReadAsync(caller, group.Key, read, cancellationToken);

            // A customer that is gone took its decisions with it.
            foreach (var (i, at) in group.Select((i, at) => (i, at))) credits[i] = reply?.Credits[at] ?? OutcomeCredit.DecisionLost;
        }));
        return credits;
    }

    private async ValueTask<ReadCreditsReply?> ReadAsync(Caller caller, DecisionOwner owner, ReadCreditsRequest read, CancellationToken cancellationToken) =>
        owner.Customer.Length == 0
            ? await ports.Grains.Get<IVisitorDecision>($"{caller.Tenant}/{owner.Decision}").ReadCredits(read, cancellationToken)
            : await ReadAsync(caller, owner.Customer, read, cancellationToken);

    /// <summary>Asks the customer, wherever it is now. While it is being merged nobody knows; that takes milliseconds, a crash in its midst apart.</summary>
    private async ValueTask<ReadCreditsReply?> ReadAsync(Caller caller, string customer, ReadCreditsRequest read, CancellationToken cancellationToken)
    {
        for (var delay = FirstRetry; ; delay *= 2)
        {
            try
            {
                return await finder.CallAsync(
                    caller, new CustomerRef { CustomerId = customer }, "decision_id", static (customer, read, cancellationToken) => customer.ReadCredits(read, cancellationToken), read,
                    static r => (r.Standing, r.ForwardedTo), cancellationToken);
            }
            catch (GrainUnavailableException) when (delay <= LastRetry)
            {
                await Task.Delay(delay, ports.Time, cancellationToken);
            }
        }
    }
}
