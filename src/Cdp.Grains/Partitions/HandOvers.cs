using System.Runtime.CompilerServices;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Partitions;

/// <summary>
/// Hands events to customers: one outstanding call per customer, everything that waits for a customer in its next one.
/// A slow customer delays its own events only.
/// </summary>
internal sealed class HandOvers(IGrainContext context, GrainMetrics metrics, HandOvers.IListener listener)
{
    private const int MostEvents = 256;
    private const int MostSpare = 1024;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Queue> _queues = new(StringComparer.Ordinal);
    private readonly Queue<Queue> _touched = new();
    private readonly Stack<Queue> _spare = new();

    /// <summary>Hears what became of events.</summary>
    internal interface IListener
    {
        /// <summary>The event needs nothing more.</summary>
        void Done(Batch batch);

        /// <summary>A customer has the event.</summary>
        void Applied(LogEntry entry, string customer, Batch batch);

        /// <summary>A customer states the segments that it is in. Before the events that moved it are done.</summary>
        void Stated(string tenant, string customer, MembershipStatement statement);

        /// <summary>An outcome taught something. Before it is done.</summary>
        void Taught(string tenant, EvidenceDelta effect);

        /// <summary>A customer was merged: what led to it leads to another now.</summary>
        void Moved(string loser, string winner);

        /// <summary>The event's customer is erased: whose it is has to be decided anew. Calls <see cref="Done"/> when it is.</summary>
        void Orphaned(LogEntry entry, Batch batch);

        /// <summary>The event cannot be applied; it must be kept. Calls <see cref="Done"/> when it is.</summary>
        void Bury(LogEntry entry, Batch batch, string reason);

        /// <summary>Events cannot be handed over, nor kept: whoever delivers has to deliver again.</summary>
        Task FailAsync(Exception error);
    }

    /// <summary>Number of customers with a call under way.</summary>
    public int Busy => _queues.Count;

    /// <summary>Queues an event for a customer; <see cref="Flush"/> sends it.</summary>
    public void Add(string tenant, string customer, LogEntry entry, Batch batch, MintedEntry? mint)
    {
        var key = $"{tenant}/{customer}";
        if (!_queues.TryGetValue(key, out var queue))
            _queues[key] = queue = (_spare.TryPop(out var spare) ? spare : new Queue()).For(tenant, customer, key);
        if (queue.Waiting.Count == 0 && !queue.Sending) _touched.Enqueue(queue);
        queue.Waiting.Add((entry, batch));
        if (mint is not null && (queue.Mint is null || mint.After.Count > queue.Mint.After.Count)) queue.Mint = mint;
    }

    /// <summary>Starts a call to every customer that has events and no call under way.</summary>
    public void Flush(CancellationToken cancellationToken)
    {
        // A call may return at once, and what it forwards is then flushed from within this loop.
        while (_touched.TryDequeue(out var queue))
        {
            if (!queue.Sending) _ = SendAsync(queue, cancellationToken);
        }
    }

    private async Task SendAsync(Queue queue, CancellationToken cancellationToken)
    {
        queue.Sending = true;
        try
        {
            while (queue.Waiting.Count > 0)
            {
                var request = queue.Take(MostEvents);
                var reply = await ApplyAsync(queue, request, cancellationToken);
                await HandleAsync(queue, request, reply, cancellationToken);
                queue.Sent.Clear();
            }
        }
        catch (Exception e)
        {
            await listener.FailAsync(e);
            return;
        }

        queue.Sending = false;
        _queues.Remove(queue.Key);
        if (_spare.Count < MostSpare) _spare.Push(queue);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ApplyReply> ApplyAsync(Queue queue, ApplyRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Grains.Get<ICustomer>(queue.Key).Apply(request, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            metrics.Retried(e);
        }

        return await ApplyAgainAsync(queue.Key, request, cancellationToken);
    }

    private async ValueTask<ApplyReply> ApplyAgainAsync(string key, ApplyRequest request, CancellationToken cancellationToken)
    {
        await Task.Delay(FirstRetry, context.Time, cancellationToken);
        return await CallAsync(() => context.Grains.Get<ICustomer>(key).Apply(request, cancellationToken), cancellationToken);
    }

    private async ValueTask HandleAsync(Queue queue, ApplyRequest request, ApplyReply reply, CancellationToken cancellationToken)
    {
        switch (reply.Standing)
        {
            case CustomerStanding.Here:
                metrics.Applied(reply.Applied, reply.Duplicates, reply.Conflicting);
                if (reply.Membership is { } statement) listener.Stated(queue.Tenant, queue.Customer, statement);
                foreach (var effect in reply.Effects) listener.Taught(queue.Tenant, effect);
                foreach (var (entry, batch) in queue.Sent)
                {
                    if (entry.Event.Outcome is null && IsSkipped(reply, entry)) listener.Bury(entry, batch, DeadLetterReasons.FoldFailed);
                    else listener.Applied(entry, queue.Customer, batch);
                }

                break;
            case CustomerStanding.Forwarded:
                listener.Moved(queue.Customer, reply.ForwardedTo);
                foreach (var (entry, batch) in queue.Sent) Add(queue.Tenant, reply.ForwardedTo, entry, batch, null);
                Flush(cancellationToken);
                break;
            default:
                var confirmed = await ConfirmAsync(queue.Tenant, queue.Customer, cancellationToken);
                if (confirmed.Erased)
                {
                    foreach (var (entry, batch) in queue.Sent)
                    {
                        // The decision that an outcome names is gone, and what became of it with it.
                        if (entry.Event.Outcome is not null) listener.Done(batch);
                        else listener.Orphaned(entry, batch);
                    }

                    break;
                }

                if (!confirmed.Minted || request.Mint is not null)
                {
                    foreach (var (entry, batch) in queue.Sent)
                    {
                        // An outcome names a decision; that there is none is no fault of the log.
                        if (entry.Event.Outcome is not null) listener.Done(batch);
                        else listener.Bury(entry, batch, DeadLetterReasons.CustomerGone);
                    }

                    break;
                }

                queue.Mint = new MintedEntry { IdentitySequence = confirmed.MintedSequence, At = confirmed.MintedAt, After = { confirmed.After } };
                queue.Waiting.AddRange(queue.Sent);
                break;
        }
    }

    private ValueTask<ConfirmCustomerReply> ConfirmAsync(string tenant, string customer, CancellationToken cancellationToken) => CallAsync(
        () => context.Grains.Get<IIdentity>(tenant).Confirm(new ConfirmCustomerRequest { Customer = customer }, cancellationToken), cancellationToken);

    private static bool IsSkipped(ApplyReply reply, LogEntry entry)
    {
        foreach (var skipped in reply.Skipped)
        {
            if (skipped.Partition == entry.Partition && skipped.Position == entry.Position) return true;
        }

        return false;
    }

    /// <summary>Calls until it succeeds: an error of a store or of the engine is never the event's fault.</summary>
    public async ValueTask<T> CallAsync<T>(Func<ValueTask<T>> call, CancellationToken cancellationToken)
    {
        for (var delay = FirstRetry; ; delay = delay * 2 < LastRetry ? delay * 2 : LastRetry)
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                metrics.Retried(e);
            }

            await Task.Delay(delay, context.Time, cancellationToken);
        }
    }

    /// <summary>What waits for one customer; used again for another when nothing does.</summary>
    private sealed class Queue
    {
        public string Tenant { get; private set; } = string.Empty;

        public string Customer { get; private set; } = string.Empty;

        public string Key { get; private set; } = string.Empty;

        public MintedEntry? Mint { get; set; }

        public bool Sending { get; set; }

        /// <summary>Events of the next call.</summary>
        public List<(LogEntry Entry, Batch Batch)> Waiting { get; } = [];

        /// <summary>Events of the call under way.</summary>
        public List<(LogEntry Entry, Batch Batch)> Sent { get; } = [];

        public Queue For(string tenant, string customer, string key)
        {
            (Tenant, Customer, Key, Mint) = (tenant, customer, key, null);
            return this;
        }

        /// <summary>The next call's request.</summary>
        public ApplyRequest Take(int most)
        {
            var count = Math.Min(Waiting.Count, most);
            var request = new ApplyRequest { Mint = Mint };
            request.Entries.Capacity = count;
            for (var i = 0; i < count; i++)
            {
                request.Entries.Add(Waiting[i].Entry);
                Sent.Add(Waiting[i]);
            }

            Waiting.RemoveRange(0, count);
            return request;
        }
    }
}
