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
internal sealed class HandOvers(IGrainContext context, GrainMetrics metrics, HandOvers.IListener listener, Func<Task, Task> own)
{
    private const int MostEvents = 256;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Queue> _queues = new(StringComparer.Ordinal);
    private readonly Queue<Queue> _touched = new();

    /// <summary>Hears what became of events.</summary>
    internal interface IListener
    {
        /// <summary>The event is applied, or kept as a dead letter.</summary>
        void Done(Batch batch);

        /// <summary>A customer was merged: what led to it leads to another now.</summary>
        void Moved(LogEntry entry, string customer);

        /// <summary>The event cannot be applied; it must be kept. Calls <see cref="Done"/> when it is.</summary>
        void Bury(LogEntry entry, Batch batch, string reason);
    }

    /// <summary>Number of customers with a call under way.</summary>
    public int Busy => _queues.Count;

    /// <summary>Queues an event for a customer; <see cref="Flush"/> sends it.</summary>
    public void Add(string tenant, string customer, LogEntry entry, Batch batch, MintedEntry? mint)
    {
        var key = $"{tenant}/{customer}";
        if (!_queues.TryGetValue(key, out var queue)) _queues[key] = queue = new Queue(tenant, customer, key);
        if (queue.Entries.Count == 0 && !queue.Sending) _touched.Enqueue(queue);
        queue.Entries.Enqueue((entry, batch));
        queue.Mint ??= mint;
    }

    /// <summary>Starts a call to every customer that has events and no call under way.</summary>
    public void Flush(CancellationToken cancellationToken)
    {
        // A call may return at once, and what it forwards is then flushed from within this loop.
        while (_touched.TryDequeue(out var queue))
        {
            if (!queue.Sending) queue.Task = own(SendAsync(queue, cancellationToken));
        }
    }

    private async Task SendAsync(Queue queue, CancellationToken cancellationToken)
    {
        queue.Sending = true;
        while (queue.Entries.Count > 0)
        {
            var count = Math.Min(queue.Entries.Count, MostEvents);
            var sent = new (LogEntry Entry, Batch Batch)[count];
            var request = new ApplyRequest { Mint = queue.Mint };
            for (var i = 0; i < count; i++)
            {
                sent[i] = queue.Entries.Dequeue();
                request.Entries.Add(sent[i].Entry);
            }

            var reply = await CallAsync(() => context.Grains.Get<ICustomer>(queue.Key).Apply(request, cancellationToken), cancellationToken);
            await HandleAsync(queue, request, sent, reply, cancellationToken);
        }

        _queues.Remove(queue.Key);
        queue.Sending = false;
    }

    private async ValueTask HandleAsync(
        Queue queue, ApplyRequest request, (LogEntry Entry, Batch Batch)[] sent, ApplyReply reply, CancellationToken cancellationToken)
    {
        switch (reply.Standing)
        {
            case CustomerStanding.Here:
                metrics.Applied(reply.Applied, reply.Duplicates, reply.Conflicting);
                foreach (var (entry, batch) in sent)
                {
                    if (reply.Skipped.Any(s => s.Partition == entry.Partition && s.Position == entry.Position))
                        listener.Bury(entry, batch, "FOLD_FAILED");
                    else listener.Done(batch);
                }

                break;
            case CustomerStanding.Forwarded:
                Resend(queue.Tenant, reply.ForwardedTo, sent, null, cancellationToken);
                break;
            default:
                var confirmed = await CallAsync(
                    () => context.Grains.Get<IIdentity>(queue.Tenant).Confirm(new ConfirmCustomerRequest { Customer = queue.Customer }, cancellationToken),
                    cancellationToken);
                if (!confirmed.Minted || request.Mint is not null)
                {
                    foreach (var (entry, batch) in sent) listener.Bury(entry, batch, "CUSTOMER_GONE");
                    break;
                }

                var mint = new MintedEntry { IdentitySequence = confirmed.MintedSequence, At = confirmed.MintedAt };
                queue.Mint = mint;
                foreach (var item in sent) queue.Entries.Enqueue(item);
                break;
        }
    }

    private void Resend(
        string tenant, string customer, (LogEntry Entry, Batch Batch)[] sent, MintedEntry? mint, CancellationToken cancellationToken)
    {
        foreach (var (entry, batch) in sent)
        {
            listener.Moved(entry, customer);
            Add(tenant, customer, entry, batch, mint);
        }

        Flush(cancellationToken);
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

    private sealed class Queue(string tenant, string customer, string key)
    {
        public string Tenant { get; } = tenant;

        public string Customer { get; } = customer;

        public string Key { get; } = key;

        public Queue<(LogEntry Entry, Batch Batch)> Entries { get; } = new();

        public MintedEntry? Mint { get; set; }

        public bool Sending { get; set; }

        /// <summary>The running calls.</summary>
        public Task Task { get; set; } = Task.CompletedTask;
    }
}
