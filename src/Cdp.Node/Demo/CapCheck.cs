using System.Collections.Concurrent;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Node.Demo;

/// <summary>Many callers ask at once for one customer's capped action, while the server is killed: never more than its cap.</summary>
/// <param name="server">Whom they ask.</param>
/// <param name="names">Identifiers of the customer; the callers use them in turn.</param>
internal sealed class CapCheck(DemoServer server, Identifier[] names)
{
    /// <summary>How many ask.</summary>
    public const int Callers = 16;

    private const string Placement = "cart";
    private const string Capped = "free_delivery";
    private const int Cap = 3;
    private const int QuestionsEach = 4;

    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(60) };

    private readonly TaskCompletionSource _firstOffer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentBag<string> _offers = [];
    private int _answered;
    private int _lost;

    /// <summary>Completes with the first offer, or when all questions are answered.</summary>
    public Task FirstOffer => _firstOffer.Task;

    /// <summary>Puts the action and the placement.</summary>
    public static async Task DefineAsync(CdpClient client, CancellationToken cancel)
    {
        var action = new Cdp.V1.Action
        {
            Id = Capped,
            DisplayName = "Free delivery",
            Objective = "sale",
            Payloads = { new Payload { Channel = Placement, Key = $"line/{Capped}" } },
            Cap = new ActionCap { MaxShown = Cap },
        };
        await client.Decisions.PutActionAsync(new PutActionRequest { Action = action }, Patience, cancel);
        await client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = new Placement { Id = Placement, Channel = Placement } }, Patience, cancel);
    }

    /// <summary>Asks; who gets no answer, since the server is gone, asks the one that comes.</summary>
    public async Task AskAsync(CancellationToken cancel)
    {
        try
        {
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
            {
                for (var question = 0; question < QuestionsEach; question++) Note(await AskAsync(names[caller % names.Length], cancel));
            }));
        }
        finally
        {
            _firstOffer.TrySetResult();
        }
    }

    /// <summary>Compares what was offered with the cap. An offer whose answer the kill cut off is reserved as well: the history has it.</summary>
    public async Task ReportAsync(CdpClient client, DemoReport report, CancellationToken cancel)
    {
        var request = new ListDecisionsRequest { Customer = new CustomerRef { Identifier = names[0] }, Purpose = "service", PageSize = 1_000 };
        var decisions = (await client.Decisions.ListDecisionsAsync(request, Patience, cancel)).Decisions;
        var offers = decisions.Where(decision => decision.ActionIds.Contains(Capped)).Select(decision => decision.DecisionId).ToHashSet(StringComparer.Ordinal);
        var proof = new Proof("cap");
        proof.Equal("answers", Callers * QuestionsEach, _answered);
        proof.Equal($"offers of {Capped} in the history", Cap, offers.Count);
        foreach (var decision in _offers.Where(decision => !offers.Contains(decision))) proof.Fail($"expected decision {decision} in the history, got none");
        var cutOff = offers.Count - _offers.Count;
        report.Prove(proof, $"{Callers} callers asked {_answered} times at once, through the kill: {Capped}, which may be shown {Cap} times, was offered {offers.Count} times{(cutOff > 0 ? $", {cutOff} of them in answers that the kill cut off" : "")}; {_lost} questions had to be asked again");
    }

    private async Task<DecideResponse> AskAsync(Identifier name, CancellationToken cancel)
    {
        var request = new DecideRequest { Placement = Placement, Identifiers = { name }, Purpose = "service" };
        while (true)
        {
            var connection = await server.ConnectAsync(cancel);
            try
            {
                return await connection.Client.Decisions.DecideAsync(request, Patience, cancel);
            }
            catch (CallException) when (connection.IsLost)
            {
                Interlocked.Increment(ref _lost);
            }
        }
    }

    private void Note(DecideResponse decision)
    {
        Interlocked.Increment(ref _answered);
        if (decision.Ranked.All(action => action.ActionId != Capped)) return;
        _offers.Add(decision.DecisionId);
        _firstOffer.TrySetResult();
    }
}
