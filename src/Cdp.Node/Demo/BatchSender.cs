using Cdp.Client;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Node.Demo;

/// <summary>
/// Sends a shipment, several batches at a time. A batch without an answer is sent again until it has one: event ids make
/// it count once.
/// </summary>
/// <param name="server">Where to.</param>
/// <param name="shipment">What.</param>
/// <param name="time">Clock of the pauses.</param>
/// <param name="quarter">Hears of every quarter that is acknowledged: 1 to 4.</param>
internal sealed class BatchSender(DemoServer server, Shipment shipment, TimeProvider time, Action<int> quarter)
{
    private const int InFlight = 8;

    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(60) };
    private static readonly TimeSpan DefaultPause = TimeSpan.FromMilliseconds(200);

    private readonly Lock _turn = new();
    private readonly List<string> _tokens = [];
    private readonly SortedDictionary<string, int> _refusals = new(StringComparer.Ordinal);
    private readonly List<string> _surprises = [];
    private readonly TaskCompletionSource _halfWay = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _next = -1;
    private int _open;
    private int _accepted;
    private int _sentAgain;
    private int _pauses;

    /// <summary>Completes when half of the batches are acknowledged.</summary>
    public Task HalfWay => _halfWay.Task;

    /// <summary>Tokens of all acknowledgements.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>Refused events by reason.</summary>
    public IReadOnlyDictionary<string, int> Refusals => _refusals;

    /// <summary>Answers other than the truth asks for; the first few.</summary>
    public IReadOnlyList<string> Surprises => _surprises;

    /// <summary>Events acknowledged as taken in, repeated ones included.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Batches that the server's death left without an answer.</summary>
    public int SentAgain => Volatile.Read(ref _sentAgain);

    /// <summary>How often the server asked to wait.</summary>
    public int Pauses => Volatile.Read(ref _pauses);

    /// <summary>Batches on their way now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Sends everything.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(() => WorkAsync(failed), failed.Token)));
        }
        finally
        {
            _halfWay.TrySetResult();
        }
    }

    private async Task WorkAsync(CancellationTokenSource failed)
    {
        try
        {
            while (Interlocked.Increment(ref _next) is var number && number < shipment.Batches)
            {
                var (request, refusals) = shipment.Batch(number);
                Interlocked.Increment(ref _open);
                var response = await SendAsync(request, failed.Token);
                Interlocked.Decrement(ref _open);
                Note(response, request.Events.Count, refusals);
            }
        }
        catch
        {
            await failed.CancelAsync();
            throw;
        }
    }

    private async Task<PublishEventsResponse> SendAsync(PublishEventsRequest request, CancellationToken cancel)
    {
        while (true)
        {
            var connection = await server.ConnectAsync(cancel);
            try
            {
                return await connection.Client.Ingest.PublishEventsAsync(request, Patience, cancel);
            }
            catch (CallException) when (connection.IsLost)
            {
                Interlocked.Increment(ref _sentAgain);
            }
            catch (CallException e) when (e.StatusCode is Code.ResourceExhausted or Code.Unavailable)
            {
                cancel.ThrowIfCancellationRequested();
                connection.CheckAlive();
                Interlocked.Increment(ref _pauses);
                await Task.Delay(e.RetryDelay ?? DefaultPause, time, cancel);
            }
        }
    }

    private void Note(PublishEventsResponse response, int sent, Dictionary<int, string> expected)
    {
        lock (_turn)
        {
            _accepted += response.Accepted;
            _tokens.Add(response.Token);
            if (_tokens.Count == shipment.Batches / 2) _halfWay.TrySetResult();
            var quarters = _tokens.Count * 4 / shipment.Batches;
            if (quarters > (_tokens.Count - 1) * 4 / shipment.Batches) quarter(quarters);
            if (response.Accepted != sent - expected.Count) Surprise($"{sent - expected.Count} accepted of {sent}", $"{response.Accepted}");
            foreach (var refused in response.Refused)
            {
                _refusals[refused.Reason] = _refusals.GetValueOrDefault(refused.Reason) + 1;
                if (!expected.Remove(refused.Index, out var reason) || reason != refused.Reason) Surprise(reason ?? "acceptance", $"{refused.Reason}: {refused.Message}");
            }

            foreach (var reason in expected.Values) Surprise(reason, "acceptance");
        }
    }

    private void Surprise(string expected, string got)
    {
        if (_surprises.Count < Proof.MostMismatches) _surprises.Add($"expected {expected}, got {got}");
    }
}
