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

    /// <summary>Puts it together.</summary>
    public EventsService(GatewayPorts ports, CustomerFinder finder, ConsentGate consents, IngestService ingest)
    {
        _traces = new EventTraces(ports, finder, consents, new OutcomeLedger(ports, finder));
        _tail = new EventTail(ports, consents);
        _letters = new DeadLetterOffice(ports, ingest);
        _violations = new SchemaViolations(ports);
    }

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(TracingReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Events"))
        .Unary<TraceEventRequest, TraceEventResponse>("TraceEvent", (request, context) => _traces.TraceAsync(Authenticator.CallerOf(context), request, context.CancellationToken))
        .ServerStreaming<TailEventsRequest, TailEventsResponse>("TailEvents", _tail.RunAsync)
        .Unary<ListDeadLettersRequest, ListDeadLettersResponse>("ListDeadLetters", (request, context) => _letters.ListAsync(Authenticator.CallerOf(context), request, context.CancellationToken))
        .Unary<RetryDeadLettersRequest, RetryDeadLettersResponse>("RetryDeadLetters", (request, context) => _letters.RetryAsync(Authenticator.CallerOf(context), request, context.CancellationToken))
        .Unary<ListSchemaViolationsRequest, ListSchemaViolationsResponse>("ListSchemaViolations", (request, context) => _violations.ListAsync(Authenticator.CallerOf(context), request, context.CancellationToken));
}
