using System.Globalization;
using Cdp.Client;
using Cdp.Grains.Ports;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.CrashKit;

/// <summary>How one child ended.</summary>
/// <param name="ExitCode">137 after SIGKILL.</param>
/// <param name="Batches">Batches that it acknowledged.</param>
/// <param name="Listened">Whether it got so far as to listen.</param>
public sealed record KillOutcome(int ExitCode, int Batches, bool Listened);

/// <summary>
/// Sends events to a server that is killed again and again on the same data, remembers what was acknowledged, sends
/// the rest again, and compares in the end.
/// </summary>
public sealed class CrashRun(string data, int seed)
{
    private const int Senders = 3;
    private const int MostInBatch = 12;
    private const int MostBatches = 600;

    /// <summary>Batches that are acknowledged before an outage, and after it.</summary>
    private const int FlowBeforeOutage = 40;

    // A sweep begins a second after the change that it is for.
    private const int MostBatchesOfSweep = 20_000;
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(50);

    private readonly Workload _workload = new(seed);
    private readonly Audiences _audiences = new(seed);
    private readonly Lock _lock = new();

    private CallOptions Patient => new() { Timeout = CallTimeout };

    public Ledger Ledger { get; } = new();

    /// <summary>How long a sender waits for an answer, before it sends the same to another server.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Events that the front door was to refuse and did.</summary>
    public int Refused { get; private set; }

    /// <summary>Starts a child, sends events until it was killed as planned, and returns how it ended.</summary>
    /// <exception cref="InvalidOperationException">It ended otherwise, or never reached the step.</exception>
    public async Task<KillOutcome> KillAsync(KillPlan plan, CancellationToken cancellationToken)
    {
        var before = Ledger.Acknowledgements;
        var sweeps = plan is KillPlan.AtStep { Step: RecoverySteps.SweepPageDone };
        var most = sweeps ? MostBatchesOfSweep : MostBatches;
        await using var child = CdpProcess.Serve(data, (plan as KillPlan.AtStep)?.ToString());
        using var timer = new CancellationTokenSource();
        await using var kill = timer.Token.Register(child.Kill);
        if (plan is KillPlan.AfterTime { Time: var time }) timer.CancelAfter(time);
        var address = await child.Address.WaitAsync(cancellationToken);
        if (address is not null)
        {
            var stopAt = plan is KillPlan.AfterAcknowledgements { Count: var count } ? before + count : before + most;
            using var client = CdpProcess.Connect(address);
            try
            {
                await _audiences.PutAsync(client, always: sweeps, cancellationToken);
                await Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => SendUntilAsync(child, client, stopAt, plan, cancellationToken)));
            }
            catch (CallException e)
            {
                throw new InvalidOperationException($"A call failed although the server lived: {e.Message} Before {plan}.\n{child.Output}", e);
            }
        }

        if (plan is KillPlan.AtStep && !child.HasExited && Ledger.Acknowledgements >= before + most)
            throw new InvalidOperationException($"{most} batches did not lead to {plan}.\n{child.Output}");
        var exitCode = await child.WaitAsync(cancellationToken);
        return exitCode == CdpProcess.Killed
            ? new KillOutcome(exitCode, Ledger.Acknowledgements - before, address is not null)
            : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The server ended with {exitCode} and was to be killed by {plan}.\n{child.Output}"));
    }

    /// <summary>
    /// Starts a child that nobody kills, sends events while what its data are on fails and comes back again and again, and
    /// compares what the same child answers then.
    /// </summary>
    /// <param name="outage">Makes it fail, and returns when it is there again.</param>
    /// <param name="outages">How often.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The comparison, and how many calls failed.</returns>
    public async Task<(Comparison Comparison, int Failed)> OutlastAsync(Func<Task> outage, int outages, CancellationToken cancellationToken)
    {
        await using var child = CdpProcess.Serve(data);
        using var client = await ConnectAsync(child, cancellationToken);
        return await OutlastAsync(() => client, outage, outages, cancellationToken);
    }

    /// <summary>The same with servers that somebody else started: what is sent goes to any of them, what is compared is the answer of one.</summary>
    /// <param name="clientOf">A client of a server that should be there, another at each call.</param>
    /// <param name="outage">Makes something fail, and returns when it is there again.</param>
    /// <param name="outages">How often.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The comparison, and how many calls failed.</returns>
    public async Task<(Comparison Comparison, int Failed)> OutlastAsync(
        Func<CdpClient> clientOf, Func<Task> outage, int outages, CancellationToken cancellationToken)
    {
        var failed = await SendAsync(clientOf, outage, outages, cancellationToken);
        return (await CompareAsync(clientOf(), everything: true, cancellationToken), failed);
    }

    /// <summary>The same without the comparison.</summary>
    /// <returns>How many calls failed.</returns>
    public async Task<int> SendAsync(Func<CdpClient> clientOf, Func<Task> outage, int outages, CancellationToken cancellationToken)
    {
        if (!await _audiences.PutAsync(clientOf(), always: false, cancellationToken)) throw new InvalidOperationException("Segments cannot be put.");
        var failed = 0;
        for (var i = 0; i < outages; i++)
        {
            var (over, flowing) = (false, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            var (enough, stopAt) = (Ledger.Acknowledgements + FlowBeforeOutage, int.MaxValue);
            var sending = Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(
                async () =>
                {
                    while (!Volatile.Read(ref over) || Ledger.Acknowledgements < Volatile.Read(ref stopAt))
                    {
                        if (!await TrySendAsync(clientOf(), NextBatch(), cancellationToken)) Interlocked.Increment(ref failed);
                        if (Ledger.Acknowledgements >= enough) flowing.TrySetResult();
                    }
                },
                cancellationToken)));
            await flowing.Task.WaitAsync(cancellationToken);
            await outage();
            Volatile.Write(ref stopAt, Ledger.Acknowledgements + FlowBeforeOutage);
            Volatile.Write(ref over, true);
            await sending;
        }

        while (TakeOpen() is { Count: > 0 } batch)
        {
            if (!await TrySendAsync(clientOf(), batch, cancellationToken)) failed++;
        }

        return failed;
    }

    /// <summary>Starts a child that nobody kills, sends what was not acknowledged, and compares what it answers.</summary>
    /// <param name="everything">All customers; else those touched since the last comparison.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<Comparison> CompareAsync(bool everything, CancellationToken cancellationToken)
    {
        await using var child = CdpProcess.Serve(data);
        using var client = await ConnectAsync(child, cancellationToken);
        while (TakeOpen() is { Count: > 0 } batch) await PublishAsync(client, batch, cancellationToken);
        return await CompareAsync(client, everything, cancellationToken);
    }

    /// <summary>
    /// Sends everything again that was ever acknowledged, to a server that has a part of it, and compares what it answers then.
    /// </summary>
    public async Task<Comparison> ResendAsync(CdpClient client, CancellationToken cancellationToken)
    {
        Ledger.ForgetPromises();
        foreach (var chunk in Ledger.Events.Chunk(MostInBatch)) await PublishAsync(client, [.. chunk], cancellationToken);
        return await CompareAsync(client, everything: true, cancellationToken);
    }

    /// <summary>A client of a child that nobody kills, once its segments are put.</summary>
    private async Task<CdpClient> ConnectAsync(CdpProcess child, CancellationToken cancellationToken)
    {
        var address = await child.Address.WaitAsync(cancellationToken) ?? throw new InvalidOperationException($"The server did not start.\n{child.Output}");
        var client = CdpProcess.Connect(address);
        return await _audiences.PutAsync(client, always: false, cancellationToken) ? client : throw new InvalidOperationException($"Segments cannot be put.\n{child.Output}");
    }

    /// <summary>Compares what a server answers that somebody else started.</summary>
    /// <param name="client">The server.</param>
    /// <param name="everything">All customers; else those touched since the last comparison.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<Comparison> CompareAsync(CdpClient client, bool everything, CancellationToken cancellationToken) =>
        new Comparer(client, Ledger, _audiences, node => PublishNextAsync(client, node, cancellationToken)).RunAsync(everything, cancellationToken);

    private async Task<string> PublishNextAsync(CdpClient client, string node, CancellationToken cancellationToken)
    {
        MadeEvent made;
        lock (_lock) made = _workload.NextOf(node);
        return await PublishAsync(client, [made], cancellationToken);
    }

    /// <summary>Sends a batch and reads what it did; false where the server or its store was away.</summary>
    private async Task<bool> TrySendAsync(CdpClient client, List<MadeEvent> batch, CancellationToken cancellationToken)
    {
        try
        {
            var token = await PublishAsync(client, batch, cancellationToken);
            await LookAsync(client, batch[^1].Nodes[0], token, cancellationToken);
            return true;
        }
        catch (CallException e) when (e.StatusCode is Code.Unavailable or Code.DeadlineExceeded)
        {
            await Task.Delay(PauseAfterFailure, cancellationToken);
            return false;
        }
    }

    private async Task SendUntilAsync(CdpProcess child, CdpClient client, int stopAt, KillPlan plan, CancellationToken cancellationToken)
    {
        while (!child.HasExited && Ledger.Acknowledgements < stopAt)
        {
            var batch = NextBatch();
            try
            {
                var token = await PublishAsync(client, batch, cancellationToken);
                if (Ledger.Acknowledgements >= stopAt) break;
                await LookAsync(client, batch[^1].Nodes[0], token, cancellationToken);
            }
            catch (CallException e) when (e.StatusCode == Code.Unavailable)
            {
                // The connection broke, so the child is dying; if it is not, waiting for its end will tell.
                return;
            }
        }

        if (plan is not KillPlan.AfterAcknowledgements) return;

        // With a batch under way, whatever the others do.
        var open = PublishAsync(client, NextBatch(), cancellationToken);
        child.Kill();
        try
        {
            await open;
        }
        catch (CallException e) when (e.StatusCode == Code.Unavailable)
        {
            // It is sent again.
        }
    }

    private async Task<string> PublishAsync(CdpClient client, List<MadeEvent> batch, CancellationToken cancellationToken)
    {
        var request = new PublishEventsRequest();
        request.Events.AddRange(batch.Select(m => m.Event));
        lock (_lock)
        {
            if (_workload.Draw(8) == 0) request.Events.Add(_workload.NextRefused());
        }

        try
        {
            var response = await client.Ingest.PublishEventsAsync(request, Patient, cancellationToken);
            if (response.Accepted != batch.Count || response.Refused.Count != request.Events.Count - batch.Count)
                throw new InvalidOperationException($"Accepted {response.Accepted} of {batch.Count} good events: {response.Refused}");
            Ledger.Acknowledge(batch, response.Token);
            lock (_lock) Refused += response.Refused.Count;
            return response.Token;
        }
        catch (CallException)
        {
            Ledger.Lose(batch);
            throw;
        }
    }

    /// <summary>Reads what was just written, and remembers whose it is.</summary>
    private async Task LookAsync(CdpClient client, string node, string token, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_workload.Draw(3) != 0) return;
        }

        var request = new ResolveIdentifierRequest { Identifier = Workload.Identifier(node), AfterToken = token };
        Ledger.Saw(node, (await client.Identities.ResolveIdentifierAsync(request, Patient, cancellationToken)).CustomerId);
    }

    private List<MadeEvent> NextBatch()
    {
        lock (_lock)
        {
            var batch = new List<MadeEvent>();
            var size = 1 + _workload.Draw(MostInBatch);
            while (batch.Count < size)
            {
                var made = _workload.Draw(3) == 0 ? Ledger.TakeOpen() : null;
                if (made is null && _workload.Draw(10) == 0) made = Ledger.AnyAcknowledged(_workload.Draw(int.MaxValue));
                batch.Add(made ?? _workload.Next());
                if (_workload.Draw(20) == 0) batch.Add(batch[^1]);
            }

            return batch;
        }
    }

    private List<MadeEvent> TakeOpen()
    {
        var batch = new List<MadeEvent>();
        while (batch.Count < MostInBatch && Ledger.TakeOpen() is { } open) batch.Add(open);
        return batch;
    }
}
