using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Partitions;

/// <content>What is told of single events: where they are, what became of them, and which of them count for nobody.</content>
public sealed partial class PartitionGrain
{
    private static readonly TimeSpan WatchedFor = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, EventWatch> _watches = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ValueTask<FindEventReply> FindEvent(FindEventRequest request, CancellationToken cancellationToken) =>
        EventSearch.FindAsync(_ports.Log, _number, request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadDeadLettersReply> ReadDeadLetters(ReadDeadLettersRequest request, CancellationToken cancellationToken) =>
        KeptLetters.ReadAsync(_ports, _number, request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<GetDeadLettersReply> GetDeadLetters(GetDeadLettersRequest request, CancellationToken cancellationToken) =>
        KeptLetters.GetAsync(_ports, _number, request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SettleDeadLettersReply> SettleDeadLetters(SettleDeadLettersRequest request, CancellationToken cancellationToken) =>
        KeptLetters.SettleAsync(_ports, _number, request, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ReadSchemaBreachesReply> ReadSchemaBreaches(ReadSchemaBreachesRequest request, CancellationToken cancellationToken) =>
        new() { Counts = await SchemaBreaches.ReadAsync(_ports.States, request.Tenant, _number, cancellationToken) };

    /// <inheritdoc/>
    public async ValueTask<TailReply> Tail(TailRequest request, CancellationToken cancellationToken)
    {
        if (!_watches.TryGetValue(request.Tenant, out var watch))
            _watches[request.Tenant] = watch = new EventWatch(_context.Time.GetUtcNow().Ticks, _next);
        watch.AskedAt = _context.Time.GetTimestamp();
        var between = 0L;
        if (watch.IsStrange(request)) between = await EventSearch.CountAsync(_ports.Log, _number, request.Tenant, request.Applied, watch.From, cancellationToken);
        else if (request.Watch > 0) await watch.MoreAsync(request.Next, TimeSpan.FromMilliseconds(request.WaitMilliseconds), _context.Time, cancellationToken);
        var reply = watch.Read(request, between);
        reply.Applied = _applied;
        return reply;
    }

    /// <summary>Takes note of what became of an event, where somebody watches.</summary>
    private void Watch(LogEntry entry, string customer, string reason)
    {
        if (_watches.Count == 0 || entry.Event.Outcome is not null || !_watches.TryGetValue(entry.Tenant, out var watch)) return;
        if (_context.Time.GetElapsedTime(watch.AskedAt) > WatchedFor) _watches.Remove(entry.Tenant);
        else watch.Add(entry, customer, reason);
    }
}
