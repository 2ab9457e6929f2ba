using System.Globalization;
using Cdp.Client;
using Google.Rpc;

namespace Cdp.CrashKit;

/// <summary>
/// Has decisions made, and their outcomes recorded, by a server that is killed again and again on the same data; remembers
/// what was answered, and compares in the end.
/// </summary>
public sealed class DecisionRun
{
    private const int Callers = 16;
    private const int MostCalls = 20_000;
    private static readonly CallOptions Patient = new() { Timeout = TimeSpan.FromSeconds(30) };

    private readonly string _data;
    private readonly IReadOnlyDictionary<string, string>? _settings;
    private readonly DecisionCatalog _catalog;
    private readonly DecisionCallers _callers;

    /// <summary>Nothing is started yet.</summary>
    /// <param name="data">Directory of the data.</param>
    /// <param name="seed">Of what is called.</param>
    /// <param name="settings">Of the server, by the variables of the environment that give them; null: the defaults.</param>
    public DecisionRun(string data, int seed, IReadOnlyDictionary<string, string>? settings = null)
    {
        (_data, _settings) = (data, settings);
        _catalog = new DecisionCatalog(seed);

        // One for all: the ids that it gives are told apart by nothing else.
        _callers = new DecisionCallers(Ledger, _catalog, seed);
    }

    /// <summary>What was answered.</summary>
    public DecisionLedger Ledger { get; } = new();

    /// <summary>Starts a child and calls it until it was killed as planned.</summary>
    /// <param name="plan">What is acknowledged is every call that is answered.</param>
    /// <param name="onlyAsync">Only has it decide what a kill may take back.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="InvalidOperationException">It ended otherwise, or never reached the step.</exception>
    public async Task KillAsync(KillPlan plan, bool onlyAsync, CancellationToken cancellationToken)
    {
        await using var child = CdpProcess.Serve(_data, (plan as KillPlan.AtStep)?.ToString(), settings: _settings);
        using var timer = new CancellationTokenSource();
        await using var kill = timer.Token.Register(child.Kill);
        if (plan is KillPlan.AfterTime { Time: var time }) timer.CancelAfter(time);
        if (await Patience.WithinAsync(child, child.Address, "the server to listen", cancellationToken) is { } address)
        {
            using var client = CdpProcess.Connect(address);
            await Patience.WithinAsync(child, CallAsync(child, client, plan, onlyAsync, cancellationToken), $"{plan}", cancellationToken);
        }

        var exitCode = await Patience.WithinAsync(child, child.WaitAsync(cancellationToken), $"the server's end by {plan}", cancellationToken);
        if (exitCode != CdpProcess.Killed)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The server ended with {exitCode} and was to be killed by {plan}.\n{child.Output}"));
    }

    /// <summary>Starts a child that nobody kills, sends what was not answered, and compares what it says with the ledger.</summary>
    public async Task<DecisionComparison> CompareAsync(CancellationToken cancellationToken)
    {
        await using var child = CdpProcess.Serve(_data);
        var address = await Patience.WithinAsync(child, child.Address, "the server to listen", cancellationToken)
            ?? throw new InvalidOperationException($"The server did not start again.\n{child.Output}");
        using var client = CdpProcess.Connect(address);
        return await Patience.WithinAsync(child, CompareAsync(client, cancellationToken), "the comparison", cancellationToken);
    }

    private async Task<DecisionComparison> CompareAsync(CdpClient client, CancellationToken cancellationToken)
    {
        await _catalog.PutAsync(client.Decisions, Patient, cancellationToken);
        await _callers.SettleAsync(client, cancellationToken);
        return await new DecisionComparer(client, Ledger, _catalog, _callers).RunAsync(cancellationToken);
    }

    private async Task CallAsync(CdpProcess child, CdpClient client, KillPlan plan, bool onlyAsync, CancellationToken cancellationToken)
    {
        var stopAt = Ledger.Answered + (plan is KillPlan.AfterAcknowledgements { Count: var count } ? count : MostCalls);
        try
        {
            await _catalog.PutAsync(client.Decisions, Patient, cancellationToken);
            if (onlyAsync) await _callers.MeetAsync(client, cancellationToken);
            var calls = Enumerable.Range(0, Callers).Select(_ => Task.Run(() => _callers.CallUntilAsync(child, client, stopAt, onlyAsync, cancellationToken), cancellationToken)).ToList();

            // The first caller that has enough kills it in the midst of the others' calls.
            await Task.WhenAny(calls);
            if (plan is KillPlan.AfterAcknowledgements) child.Kill();
            await Task.WhenAll(calls);
        }
        catch (CallException e) when (e.StatusCode == Code.Unavailable)
        {
            // It died before it knew the actions.
            return;
        }
        catch (CallException e)
        {
            throw new InvalidOperationException($"A call failed although the server lived: {e.StatusCode} {e.Message} Before {plan}.\n{child.Output}", e);
        }

        if (plan is KillPlan.AtStep && !child.HasExited && Ledger.Answered >= stopAt) throw new InvalidOperationException($"{MostCalls} calls did not lead to {plan}.\n{child.Output}");
    }
}
