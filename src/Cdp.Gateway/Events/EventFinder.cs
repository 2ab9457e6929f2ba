using Cdp.Domain.Events;
using Cdp.Gateway.Keys;
using Cdp.Grains;
using Cdp.Grains.Identities;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Gateway.Events;

/// <summary>Finds an event: in the history of its customer, among those of one call, or among the newest of the log.</summary>
internal sealed class EventFinder(GatewayPorts ports, CustomerFinder customers)
{
    /// <summary>Positions of one step backwards.</summary>
    private const int Step = 5_000;

    /// <summary>The event at its place in the log; null: it is nowhere.</summary>
    public async ValueTask<LogEntry?> FindAsync(Caller caller, SoughtEvent sought, CancellationToken cancellationToken) =>
        await ByIdentifierAsync(caller, sought, cancellationToken) ?? await ByTokenAsync(caller, sought, cancellationToken) ?? await SearchAsync(caller, sought, cancellationToken);

    /// <summary>The event at a place; null: the log no longer has it.</summary>
    public ValueTask<LogEntry?> AtAsync(Caller caller, SoughtEvent sought, int partition, long position, CancellationToken cancellationToken) =>
        FindAsync(caller, sought, partition, position, position + 1, cancellationToken);

    /// <summary>Whose an event of the log is now; empty: nobody's.</summary>
    public async ValueTask<string> CustomerOfAsync(Caller caller, LogEntry entry, CancellationToken cancellationToken) => entry.Event.Keys.Count == 0
        ? string.Empty
        : (await ports.Grains.Get<IIdentityLink>($"{caller.Tenant}/{entry.Event.Keys[0].Key}").Resolve(new ResolveLinkRequest(), cancellationToken)).Customer;

    /// <summary>Asks a customer, wherever it is now, for an event; null: there is no such customer.</summary>
    public ValueTask<TraceCustomerEventReply?> AskAsync(Caller caller, CustomerRef customer, TraceCustomerEventRequest request, CancellationToken cancellationToken) => customers.CallAsync(
        caller, customer, "identifier", static (customer, request, cancel) => customer.TraceEvent(request, cancel), request, static r => (r.Standing, r.ForwardedTo), cancellationToken);

    private async ValueTask<LogEntry?> ByIdentifierAsync(Caller caller, SoughtEvent sought, CancellationToken cancellationToken)
    {
        if (sought.Identifier is null) return null;
        var request = new TraceCustomerEventRequest { IdHashHigh = sought.IdHashHigh, IdHashLow = sought.IdHashLow };
        if (await AskAsync(caller, new CustomerRef { Identifier = sought.Identifier }, request, cancellationToken) is not { Copies.Count: > 0 } found) return null;
        var at = found.Copies[0].Event;
        var key = caller.Identifiers.Resolve(sought.Identifier.Namespace, sought.Identifier.Value).Key;

        // Where the log forgot it, its history still says where it was.
        return await AtAsync(caller, sought, at.Partition, at.Position, cancellationToken) ?? new LogEntry
        {
            Partition = at.Partition, Position = at.Position, Tenant = caller.Tenant,
            Event = new LoggedEvent { ReceivedAt = at.ReceivedAt, IdHashHigh = at.IdHashHigh, IdHashLow = at.IdHashLow, Erased = at.Erased, Keys = { new IdentifierKey { Key = key } } },
        };
    }

    private async ValueTask<LogEntry?> ByTokenAsync(Caller caller, SoughtEvent sought, CancellationToken cancellationToken)
    {
        if (sought.Token is null) return null;
        ReadTokens.RequireEpoch(ports, sought.Token, "token");
        foreach (var mark in sought.Token.Marks)
        {
            if (mark.Partition < 0 || mark.Partition >= ports.Log.Partitions) throw ReadTokens.Malformed("token");
            if (await FindAsync(caller, sought, mark.Partition, Math.Max(0, mark.End - EventLimits.MaxBatchEvents), mark.End, cancellationToken) is { } found) return found;
        }

        return null;
    }

    /// <summary>Backwards through all partitions at once, until one has it.</summary>
    private async ValueTask<LogEntry?> SearchAsync(Caller caller, SoughtEvent sought, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var each = Math.Max(1, sought.SearchEvents / ports.Log.Partitions);
        var searches = Enumerable.Range(0, ports.Log.Partitions).Select(BackwardsAsync).ToList();
        LogEntry? found = null;
        await foreach (var search in Task.WhenEach(searches))
        {
            try
            {
                // One that was refused may have been taken in at last, elsewhere.
                if (await search is { } entry && found is not { Event.Refused: null }) found = entry.Event.Refused is null ? entry : found ?? entry;
            }
            catch (OperationCanceledException) when (found is not null)
            {
                // It had been found elsewhere.
            }

            if (found is { Event.Refused: null }) await enough.CancelAsync();
        }

        return found;

        async Task<LogEntry?> BackwardsAsync(int partition)
        {
            var last = await ports.Log.EndAsync(partition, enough.Token);
            var first = Math.Max(0, last - each);
            for (var end = last; end > first; end = Math.Max(first, end - Step))
            {
                if (await FindAsync(caller, sought, partition, Math.Max(first, end - Step), end, enough.Token) is { } entry) return entry;
            }

            return null;
        }
    }

    private async ValueTask<LogEntry?> FindAsync(Caller caller, SoughtEvent sought, int partition, long from, long end, CancellationToken cancellationToken)
    {
        var grain = ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(partition));
        LogEntry? found = null;
        while (from < end)
        {
            var request = new FindEventRequest
            {
                Tenant = caller.Tenant, EventId = sought.Id, Source = sought.Source, IdHashHigh = sought.IdHashHigh, IdHashLow = sought.IdHashLow, From = from, End = end,
            };
            var reply = await Overtaken.AgainAsync(grain.FindEvent, request, cancellationToken);
            found = reply.Entry ?? found;
            if (reply.LookedUntil <= from) break;
            from = reply.LookedUntil;
        }

        return found;
    }
}
