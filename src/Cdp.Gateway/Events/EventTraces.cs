using Cdp.Domain.Consent;
using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Decisions;
using Cdp.Gateway.Identities;
using Cdp.Gateway.Keys;
using Cdp.Grains;
using Cdp.Grains.Identities;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Events;

/// <summary>Finds one event, and asks everybody who has to do with it what became of it.</summary>
internal sealed class EventTraces(GatewayPorts ports, CustomerFinder finder, ConsentGate consents, OutcomeLedger outcomes)
{
    private const string CustomerField = "customer";

    private readonly EventFinder _finder = new(ports, finder);

    /// <summary>Traces an event.</summary>
    /// <exception cref="RpcException">It is nowhere, or the request is wrong.</exception>
    public async ValueTask<TraceEventResponse> TraceAsync(Caller caller, TraceEventRequest request, CancellationToken cancellationToken)
    {
        var purpose = ReadPurposes.Of(caller, request.Purpose);
        var view = caller.Definitions.View(purpose, [ProfileFields.RecentEvents, ProfileFields.AllIdentifiers]);
        var sought = SoughtEvent.Of(caller, request);
        var entry = await _finder.FindAsync(caller, sought, cancellationToken) ?? throw NotFound();
        var trace = new TraceEventResponse { EventId = request.EventId, Source = sought.Source, Partition = entry.Partition, Position = entry.Position };
        var partition = ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(entry.Partition));
        Tell(trace, entry.Event);
        if (entry.Event.Refused is not null) trace.DeadLetter = DeadLetterOffice.Told(new State.V1.DeadLetter { Partition = entry.Partition, Position = entry.Position, Reason = entry.Event.Refused.Reason, At = entry.Event.ReceivedAt }, entry.Event, withContent: false);
        if ((await partition.GetStatus(new GetPartitionStatusRequest(), cancellationToken)).Applied <= entry.Position) trace.State = EventState.Pending;
        else if (await LetterAsync(caller, partition, entry.Position, cancellationToken) is { } kept) (trace.State, trace.DeadLetter) = (EventState.DeadLetter, DeadLetterOffice.Told(kept.Letter, kept.Event, withContent: false));
        else if (entry.Event.Erased) trace.State = EventState.Erased;
        else await FollowAsync(caller, sought, purpose, request.WithContent, trace, entry, view, cancellationToken);

        if (view.RecentEvents != FieldAccess.Visible) Withhold(trace, ProfileFields.RecentEvents, ProfileView.PurposeReason);
        return trace;
    }

    /// <summary>What the log says of it.</summary>
    private static void Tell(TraceEventResponse trace, LoggedEvent logged)
    {
        trace.ReceivedAt = new Timestamp { UnixMicros = logged.ReceivedAt };
        trace.KeyId = logged.ApiKeyId;
        if (logged.Source.Length > 0) trace.Source = logged.Source;
        if (EventReader.TryHead((logged.Refused?.Raw ?? logged.Event).Span) is { } head) (trace.Type, trace.Channel) = (head.Type, head.Channel);
    }

    private static async ValueTask<KeptLetter?> LetterAsync(Caller caller, IPartition partition, long position, CancellationToken cancellationToken) =>
        (await partition.GetDeadLetters(new GetDeadLettersRequest { Tenant = caller.Tenant, Positions = { position } }, cancellationToken)).Letters.FirstOrDefault();

    /// <summary>What became of it at its customer.</summary>
    private async ValueTask FollowAsync(
        Caller caller, SoughtEvent sought, string purpose, bool withContent, TraceEventResponse trace, LogEntry entry, CompiledView view, CancellationToken cancellationToken)
    {
        var customer = new CustomerRef { CustomerId = await _finder.CustomerOfAsync(caller, entry, cancellationToken) };
        var asked = new TraceCustomerEventRequest { IdHashHigh = sought.IdHashHigh, IdHashLow = sought.IdHashLow };
        if (customer.CustomerId.Length == 0 || await _finder.AskAsync(caller, customer, asked, cancellationToken) is not { Copies.Count: > 0 } found)
        {
            // Its customer was erased, and its own erasure is under way.
            trace.State = EventState.Erased;
            return;
        }

        var counts = found.Copies[0].Event;
        trace.State = counts.Erased ? EventState.Erased : EventState.Applied;
        if ((counts.Partition, counts.Position) != (entry.Partition, entry.Position))
        {
            entry = await _finder.AtAsync(caller, sought, counts.Partition, counts.Position, cancellationToken) ?? entry;
            Tell(trace, entry.Event);
            (trace.Partition, trace.Position) = (counts.Partition, counts.Position);
        }

        trace.Copies.AddRange(found.Copies.Skip(1).Select(copy => new EventCopy
        {
            Partition = copy.Event.Partition, Position = copy.Event.Position, ReceivedAt = new Timestamp { UnixMicros = copy.Event.ReceivedAt }, OtherContent = copy.OtherContent,
        }));
        if (!await consents.AllowsAsync(caller, customer, purpose, newest: false, cancellationToken))
        {
            Withhold(trace, CustomerField, ConsentRules.WithheldReason);
            return;
        }

        trace.CustomerId = found.CustomerId;
        trace.EffectiveAt = new Timestamp { UnixMicros = counts.EffectiveAt };
        var decided = new List<IdentityFact>();
        await foreach (var fact in IdentityFacts.AllAsync(ports.Grains.Get<IIdentity>(caller.Tenant), found.CustomerId, newest: false, cancellationToken))
        {
            if (fact.Evidence is { } evidence && found.Copies.Any(copy => (copy.Event.Partition, copy.Event.Position) == (evidence.Partition, evidence.Position))) decided.Add(fact);
        }

        trace.Facts.AddRange(decided.Select(fact => IdentityFacts.Shown(fact, view.Identifiers)));
        await TellSegmentsAsync(caller, purpose, customer, asked, decided, trace, cancellationToken);
        if (entry.Event.Carried is { } carried)
        {
            var outcome = new LogEntry { Partition = entry.Partition, Position = entry.Position, Tenant = caller.Tenant, Event = new LoggedEvent { ReceivedAt = entry.Event.ReceivedAt, Outcome = carried } };
            trace.OutcomeCredit = (await outcomes.ReadAsync(caller, [outcome], carried: true, cancellationToken))[0];
        }

        if (withContent && view.RecentEvents == FieldAccess.Visible && !entry.Event.Event.IsEmpty) trace.Event = EventReader.Whole(entry.Event.Event.Span);
    }

    private async ValueTask TellSegmentsAsync(
        Caller caller, string purpose, CustomerRef customer, TraceCustomerEventRequest asked, List<IdentityFact> decided, TraceEventResponse trace, CancellationToken cancellationToken)
    {
        if (!caller.Definitions.MaySee(purpose, ProfileFields.Segments))
        {
            trace.SegmentsStatus = ValueStatus.Withheld;
            trace.Withheld.Add(new Withheld { Field = ProfileFields.Segments, Reason = ProfileView.PurposeReason });
            return;
        }

        var request = new TraceCustomerEventRequest(asked) { Segments = true };
        request.IdentitySequences.AddRange(decided.Where(fact => fact.Merged is not null).Select(fact => fact.Sequence));
        var moved = await _finder.AskAsync(caller, customer, request, cancellationToken);
        trace.SegmentsStatus = moved is null or { SegmentsUnknown: true } ? ValueStatus.Unavailable : ValueStatus.Ok;
        if (moved is null) return;
        trace.SegmentsEntered.AddRange(Named(moved.Entered));
        trace.SegmentsLeft.AddRange(Named(moved.Left));

        IEnumerable<string> Named(IEnumerable<uint> numbers) =>
            numbers.Select(number => caller.Definitions.Segments.Find((int)number)?.Definition.Id).OfType<string>().Order(StringComparer.Ordinal);
    }

    /// <summary>Leaves out what tells of the person; where the event is, and that it is there, tells of no one.</summary>
    private static void Withhold(TraceEventResponse trace, string field, string reason)
    {
        (trace.Type, trace.Channel) = (string.Empty, string.Empty);
        trace.Withheld.Add(new Withheld { Field = field, Reason = reason });
    }

    private static RpcException NotFound() => new RpcError(
        Code.NotFound,
        "There is no such event where was looked. Name its source, and one of its identifiers or the token of its publishing, or raise search_events. An event that its customer does not allow to be collected is never kept.")
    {
        Reason = "EVENT_NOT_FOUND",
    }.ToException();
}

/// <summary>Which event is sought, and where.</summary>
/// <param name="Source">Its source.</param>
/// <param name="Id">Its id.</param>
/// <param name="Identifier">One that it bears, where known.</param>
/// <param name="Token">Of its publishing, where known.</param>
/// <param name="SearchEvents">Newest events to look through otherwise.</param>
internal sealed record SoughtEvent(string Source, string Id, Identifier? Identifier, ReadToken? Token, int SearchEvents)
{
    private const int UsualSearch = 200_000;
    private const int MostSearch = 10_000_000;

    private readonly UInt128 _hash = EventHash.IdOf(Source, Id);

    /// <summary>As in <c>LoggedEvent</c>.</summary>
    public ulong IdHashHigh => (ulong)(_hash >> 64);

    /// <summary>As in <c>LoggedEvent</c>.</summary>
    public ulong IdHashLow => (ulong)_hash;

    /// <summary>What a request seeks.</summary>
    /// <exception cref="RpcException">The request is wrong.</exception>
    public static SoughtEvent Of(Caller caller, TraceEventRequest request)
    {
        if (request.EventId.Length is 0 or > EventLimits.MaxIdLength)
            throw RpcError.InvalidField("event_id", $"Name the event: 1 to {EventLimits.MaxIdLength} characters.", request.EventId.Length == 0 ? Reasons.IdMissing : Reasons.IdTooLong).ToException();
        if (request.Source.Length > EventLimits.MaxNameLength)
            throw RpcError.InvalidField("source", $"Give at most {EventLimits.MaxNameLength} characters.", Reasons.SourceTooLong).ToException();
        if (request.SearchEvents is < 0 or > MostSearch)
            throw RpcError.InvalidField("search_events", $"Give 1 to {MostSearch}, or 0 for {UsualSearch}.", TenantReasons.FieldInvalid).ToException();
        if (request.Identifier is not null) CustomerFinder.Resolve(caller, request.Identifier, "identifier");
        return new SoughtEvent(
            request.Source.Length > 0 ? request.Source : caller.Key.Source, request.EventId, request.Identifier,
            request.Token.Length > 0 ? ReadTokens.Decode(request.Token, "token") : null, request.SearchEvents == 0 ? UsualSearch : request.SearchEvents);
    }
}
