using System.Threading.Channels;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Orleans.Streams;

namespace Cdp.Orleans.Streams;

/// <summary>
/// The feed of one partition whose log pushes. It hands over what stands in the log and nothing else: what the stream brings
/// is taken while it follows on what was handed over. Where something lacks (before the first push, after a delivery that
/// was given up, when the stream falls silent) the log is read until its end. What comes twice is left out.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
/// <param name="failed">Hears of errors, with what was done about them.</param>
public sealed class StreamFeed(IEventLog log, TimeProvider time, Action<string, Exception> failed) : IPartitionFeed, IAsyncBatchObserver<LogEntry>
{
    private const int MostWaiting = 16;
    private const int SilentWaits = 5;

    private readonly Channel<IReadOnlyList<LogEntry>> _pushed = Channel.CreateBounded<IReadOnlyList<LogEntry>>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private IReadOnlyList<LogEntry> _head = [];
    private int _next;
    private int _silent;
    private bool _behind = true;

    private enum Taken
    {
        Nothing,
        Some,
        Gap,
    }

    /// <inheritdoc/>
    /// <remarks>One call at a time.</remarks>
    public async ValueTask<DeliverRequest> NextAsync(int partition, long from, int most, TimeSpan patience, CancellationToken cancellationToken)
    {
        var request = new DeliverRequest { FirstPosition = from };
        while (true)
        {
            var taken = _behind ? Taken.Nothing : Take(request, most);
            if (taken == Taken.Some) return request;
            if (_behind || taken == Taken.Gap)
            {
                _behind = true;
                await request.AddFromAsync(log, partition, cancellationToken);
                if (request.Entries.Count > 0) return request;
                if (taken == Taken.Gap) throw new IOException($"Partition {partition}: the stream is at a later position than {from}, at which the log ends.");
                _behind = false;
                continue;
            }

            if (await WaitAsync(patience, cancellationToken)) continue;
            if (++_silent < SilentWaits) return request;
            _silent = 0;
            if (await log.EndAsync(partition, cancellationToken) <= from) return request;
            _behind = true;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Waits while enough is on its way; the stream's delivery limit may pass meanwhile.</remarks>
    public async Task OnNextAsync(IList<SequentialItem<LogEntry>> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        var entries = new LogEntry[items.Count];
        for (var i = 0; i < entries.Length; i++) entries[i] = items[i].Item;
        await _pushed.Writer.WriteAsync(entries);
    }

    /// <inheritdoc/>
    public Task OnErrorAsync(Exception ex)
    {
        failed("going on with what stands in the log", ex);
        return Task.CompletedTask;
    }

    private Taken Take(DeliverRequest request, int most)
    {
        while (true)
        {
            for (; _next < _head.Count; _next++)
            {
                var entry = _head[_next];
                var expected = request.FirstPosition + request.Entries.Count;
                if (request.Entries.Count == most) return Taken.Some;
                if (entry.Position > expected) return request.Entries.Count > 0 ? Taken.Some : Taken.Gap;
                if (entry.Position == expected) request.Entries.Add(entry);
            }

            if (!_pushed.Reader.TryRead(out var batch)) return request.Entries.Count > 0 ? Taken.Some : Taken.Nothing;
            (_head, _next, _silent) = (batch, 0, 0);
        }
    }

    private async ValueTask<bool> WaitAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        // Silence is no exception. On the grain's turn still.
        var pushed = _pushed.Reader.WaitToReadAsync(cancellationToken).AsTask();
        await ((Task)pushed).WaitAsync(patience, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        cancellationToken.ThrowIfCancellationRequested();
        return pushed.IsCompleted && await pushed;
    }
}
