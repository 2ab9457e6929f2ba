using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.Segments;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Partitions;

/// <summary>
/// Tells the shards which segments customers are in: one outstanding call per shard, everything that waits for a shard in
/// its next one. Whose statement is not mirrored yet, the partition remembers with its position, so that its successor
/// asks that customer again.
/// </summary>
internal sealed class Memberships(IGrainContext context, HandOvers handOvers, IStepObserver steps, Memberships.IListener listener)
{
    private const int MostStatements = 512;

    private readonly Dictionary<string, int> _unmirrored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ShardQueue> _queues = new(StringComparer.Ordinal);
    private readonly List<(long Ticket, TaskCompletionSource Settled)> _waiters = [];
    private readonly SortedSet<long> _open = [];
    private long _tickets;

    /// <summary>Hears how it goes.</summary>
    internal interface IListener
    {
        /// <summary>Some statements are mirrored.</summary>
        void Settled();

        /// <summary>Statements cannot be handed on: whoever comes next has to ask again.</summary>
        Task FailAsync(Exception error);
    }

    /// <summary>Number of customers whose segments the shards may not know.</summary>
    public int Count => _unmirrored.Count;

    /// <summary>These customers, as tenant/id.</summary>
    public IEnumerable<string> Customers => _unmirrored.Keys;

    /// <summary>Hands a customer's statement on.</summary>
    public void Add(string customer, MembershipStatement statement, CancellationToken cancellationToken) =>
        Queue(customer, statement, Open(customer), cancellationToken);

    /// <summary>Has a customer state its segments, and hands that on.</summary>
    public void Ask(string customer, CancellationToken cancellationToken) => _ = AskAsync(customer, Open(customer), cancellationToken);

    /// <summary>Returns when everything that was added or asked before is mirrored.</summary>
    public async ValueTask SettledAsync(CancellationToken cancellationToken)
    {
        if (_open.Count == 0) return;
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters.Add((_tickets, waiter));
        await waiter.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Ends what waits: this partition will not know.</summary>
    public void Fail(Exception error)
    {
        foreach (var (_, waiter) in _waiters) waiter.TrySetException(error);
        _waiters.Clear();
    }

    private async Task AskAsync(string customer, long ticket, CancellationToken cancellationToken)
    {
        try
        {
            var request = new StateMembershipRequest();
            var reply = await handOvers.CallAsync(() => context.Grains.Get<ICustomer>(customer).StateMembership(request, cancellationToken), cancellationToken);
            if (reply.Statement is { } statement) Queue(customer, statement, ticket, cancellationToken);
            else Close(customer, ticket);
        }
        catch (Exception e)
        {
            await listener.FailAsync(e);
        }
    }

    private void Queue(string customer, MembershipStatement statement, long ticket, CancellationToken cancellationToken)
    {
        var key = SegmentShards.KeyOfCustomer(GrainCatalog.PartsOf(customer).Tenant, statement.Customer);
        if (!_queues.TryGetValue(key, out var queue)) _queues[key] = queue = new ShardQueue(key);
        queue.Waiting.Add(new Item(customer, statement, ticket));
        if (!queue.Sending) _ = SendAsync(queue, cancellationToken);
    }

    private async Task SendAsync(ShardQueue queue, CancellationToken cancellationToken)
    {
        queue.Sending = true;
        try
        {
            while (queue.Waiting.Count > 0)
            {
                var sent = queue.Take(MostStatements);
                var request = new MirrorMembershipsRequest();
                foreach (var item in sent) request.Statements.Add(item.Statement);
                steps.Reached(RecoverySteps.MembershipsStating);
                await handOvers.CallAsync(() => context.Grains.Get<ISegment>(queue.Key).Mirror(request, cancellationToken), cancellationToken);
                steps.Reached(RecoverySteps.MembershipsMirrored);
                foreach (var item in sent) Close(item.Customer, item.Ticket);
            }
        }
        catch (Exception e)
        {
            await listener.FailAsync(e);
            return;
        }

        _queues.Remove(queue.Key);
    }

    private long Open(string customer)
    {
        _unmirrored[customer] = _unmirrored.GetValueOrDefault(customer) + 1;
        _open.Add(++_tickets);
        return _tickets;
    }

    private void Close(string customer, long ticket)
    {
        if (--_unmirrored[customer] == 0) _unmirrored.Remove(customer);
        _open.Remove(ticket);
        listener.Settled();
        if (_waiters.Count == 0) return;
        var oldest = _open.Count == 0 ? long.MaxValue : _open.Min;
        foreach (var (_, waiter) in _waiters.FindAll(w => w.Ticket < oldest)) waiter.TrySetResult();
        _waiters.RemoveAll(w => w.Ticket < oldest);
    }

    private readonly record struct Item(string Customer, MembershipStatement Statement, long Ticket);

    /// <summary>What waits for one shard.</summary>
    private sealed class ShardQueue(string key)
    {
        public string Key { get; } = key;

        public bool Sending { get; set; }

        public List<Item> Waiting { get; } = [];

        /// <summary>The next call's statements.</summary>
        public List<Item> Take(int most)
        {
            var taken = Waiting.GetRange(0, Math.Min(most, Waiting.Count));
            Waiting.RemoveRange(0, taken.Count);
            return taken;
        }
    }
}
