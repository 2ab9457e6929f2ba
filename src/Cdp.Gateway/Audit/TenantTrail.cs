using Cdp.Domain.Audit;
using Cdp.Grains.Audit;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Audit;

/// <summary>What this server notes for one tenant, gathered and written block by block.</summary>
internal sealed class TenantTrail(GatewayPorts ports, string tenant, string writer, AuditMetrics metrics) : IAsyncDisposable
{
    private const int MostWaiting = 100_000;
    private const int MostAtOnce = 4_096;
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(AuditTrail.MostDelayMilliseconds);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ending = new();
    private List<AuditNote> _notes = [];
    private TaskCompletionSource? _written;
    private TaskCompletionSource? _hurry;
    private Task _run = Task.CompletedTask;
    private bool _running;
    private bool _began;
    private long _batch;

    /// <summary>Adds one that is written soon.</summary>
    /// <exception cref="RpcException">Too many wait: the store does not take them.</exception>
    public void Add(in AuditNote note)
    {
        lock (_gate)
        {
            if (_notes.Count >= MostWaiting)
                throw new RpcError(Code.Unavailable, "The audit log cannot be written now, and nobody's data are told without it. Send the call again; the operator's log says why.")
                {
                    Reason = "AUDIT_UNAVAILABLE", RetryDelay = TimeSpan.FromSeconds(1),
                }.ToException();
            Begin();
            _notes.Add(note);
        }
    }

    /// <summary>Adds one and returns when it is durable.</summary>
    public Task AddAsync(in AuditNote note)
    {
        lock (_gate)
        {
            Begin();
            _notes.Add(note);
            return Written();
        }
    }

    /// <summary>Returns when everything that was added is durable.</summary>
    public Task FlushAsync()
    {
        lock (_gate) return _running ? Written() : Task.CompletedTask;
    }

    /// <summary>Says that nothing follows, and returns when it is durable, or cannot be.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_began)
            {
                _notes.Add(WriterNote(AuditRecords.Ended));
                Begin();
            }
        }

        await _ending.CancelAsync();
        await _run;
        _ending.Dispose();
    }

    /// <summary>Sees to it that somebody writes.</summary>
    private void Begin()
    {
        if (!_began) _notes.Add(WriterNote(AuditRecords.Began));
        _began = true;
        if (_running) return;
        _running = true;
        _run = RunAsync();
    }

    private Task Written()
    {
        _hurry?.TrySetResult();
        _written ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _written.Task;
    }

    private AuditNote WriterNote(string outcome) =>
        new(ports.NowMicros, AuditKind.Writer, string.Empty, string.Empty, writer, string.Empty, string.Empty, outcome);

    private async Task RunAsync()
    {
        await Task.Yield();
        while (true)
        {
            await GatherAsync();
            List<AuditNote> notes;
            TaskCompletionSource? written;
            lock (_gate)
            {
                if (_notes.Count == 0)
                {
                    _running = false;
                    _written?.TrySetResult();
                    _written = null;
                    return;
                }

                (notes, _notes) = (_notes, []);
                (written, _written) = (_written, null);
            }

            foreach (var some in notes.Chunk(MostAtOnce)) await WriteAsync(some);
            written?.TrySetResult();
        }
    }

    /// <summary>Waits for company, unless somebody waits.</summary>
    private async ValueTask GatherAsync()
    {
        Task hurry;
        lock (_gate)
        {
            if (_written is not null || _ending.IsCancellationRequested) return;
            _hurry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            hurry = _hurry.Task;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);

        // The one timed wait: it is what gathers many reads into one block.
        await Task.WhenAny(hurry, Task.Delay(Delay, ports.Time, over.Token));
        await over.CancelAsync();
    }

    private async Task WriteAsync(AuditNote[] notes)
    {
        var request = Request(notes);
        while (true)
        {
            try
            {
                await ports.Grains.Get<IAudit>(tenant).Append(request, CancellationToken.None);
                metrics.Written(notes.Length);
                return;
            }
            catch (Exception e)
            {
                // Whatever it is, nobody else could do better than to try again; the counter tells.
                metrics.Failed(e);
                if (_ending.IsCancellationRequested) return;

                // Of the one task, so that the end of the server ends the pause and is no error.
                await Task.WhenAny(Task.Delay(RetryDelay, ports.Time, _ending.Token));
            }
        }
    }

    private AppendAuditRequest Request(AuditNote[] notes)
    {
        var at = ports.NowMicros;
        var request = new AppendAuditRequest { Writer = writer, Batch = ++_batch, At = at };
        var texts = new Dictionary<string, uint>(StringComparer.Ordinal);
        foreach (var note in notes)
        {
            request.Entries.Add(new AuditEntry
            {
                Before = at - note.At,
                Kind = note.Kind,
                Actor = Place(note.Actor),
                Method = Place(note.Method),
                Subject = note.Subject,
                Purpose = Place(note.Purpose),
                Fields = Place(note.Fields),
                Outcome = Place(note.Outcome),
            });
        }

        return request;

        uint Place(string text)
        {
            if (texts.TryGetValue(text, out var place)) return place;
            request.Texts.Add(text);
            texts.Add(text, place = (uint)texts.Count);
            return place;
        }
    }
}
