using Cdp.Gateway.Audit;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Decisions;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Rpc;
using Cdp.V1;

namespace Cdp.Gateway.Events;

/// <summary>Says what became of events.</summary>
internal sealed class EventsService
{
    private readonly EventTraces _traces;
    private readonly EventTail _tail;
    private readonly DeadLetterOffice _letters;
    private readonly SchemaViolations _violations;
    private readonly AuditedCalls _audited;

    /// <summary>Puts it together.</summary>
    public EventsService(GatewayPorts ports, CustomerFinder finder, ConsentGate consents, IngestService ingest, AuditedCalls audited)
    {
        _audited = audited;
        _traces = new EventTraces(ports, finder, consents, new OutcomeLedger(ports, finder));
        _tail = new EventTail(ports, consents);
        _letters = new DeadLetterOffice(ports, ingest);
        _violations = new SchemaViolations(ports);
    }

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(TracingReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Events"))
        .Unary("TraceEvent", _audited.Read<TraceEventRequest, TraceEventResponse>(
            (request, context) => _traces.TraceAsync(Authenticator.CallerOf(context), request, context.CancellationToken), (_, reply) => reply.CustomerId, r => r.Purpose, "recent_events"))
        .ServerStreaming("TailEvents", _audited.Read<TailEventsRequest, TailEventsResponse>(_tail.RunAsync, r => r.Purpose, "recent_events"))
        .Unary("ListDeadLetters", _audited.Read<ListDeadLettersRequest, ListDeadLettersResponse>(
            (request, context) => _letters.ListAsync(Authenticator.CallerOf(context), request, context.CancellationToken), (_, _) => string.Empty, fields: "dead_letters"))
        .Unary("RetryDeadLetters", _audited.Act<RetryDeadLettersRequest, RetryDeadLettersResponse>(
            (request, context) => _letters.RetryAsync(Authenticator.CallerOf(context), request, context.CancellationToken), r => string.Join(',', r.Retries.Select(retry => retry.Id))))
        .Unary<ListSchemaViolationsRequest, ListSchemaViolationsResponse>("ListSchemaViolations", (request, context) => _violations.ListAsync(Authenticator.CallerOf(context), request, context.CancellationToken));
}
