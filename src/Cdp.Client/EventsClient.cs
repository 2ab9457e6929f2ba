using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Events</c>: what became of events.</summary>
public sealed class EventsClient(RpcChannel channel)
{
    private readonly ClientMethod<TraceEventRequest, TraceEventResponse> _traceEvent = new(Service, "TraceEvent");
    private readonly ClientMethod<TailEventsRequest, TailEventsResponse> _tailEvents = new(Service, "TailEvents");
    private readonly ClientMethod<ListDeadLettersRequest, ListDeadLettersResponse> _listDeadLetters = new(Service, "ListDeadLetters");
    private readonly ClientMethod<RetryDeadLettersRequest, RetryDeadLettersResponse> _retryDeadLetters = new(Service, "RetryDeadLetters");
    private readonly ClientMethod<ListSchemaViolationsRequest, ListSchemaViolationsResponse> _listSchemaViolations = new(Service, "ListSchemaViolations");

    private static ServiceDescriptor Service => TracingReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Events");

    /// <summary>Says where one event is, whose it is, and what it changed.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<TraceEventResponse> TraceEventAsync(TraceEventRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_traceEvent, request, options, cancellationToken);

    /// <summary>Shows events as they are applied or refused, until it is cancelled.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public IAsyncEnumerable<TailEventsResponse> TailEventsAsync(TailEventsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.ServerStreamingAsync(_tailEvents, request, options, cancellationToken);

    /// <summary>Lists events that count for nobody.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListDeadLettersResponse> ListDeadLettersAsync(ListDeadLettersRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listDeadLetters, request, options, cancellationToken);

    /// <summary>Publishes dead letters anew.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<RetryDeadLettersResponse> RetryDeadLettersAsync(RetryDeadLettersRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_retryDeadLetters, request, options, cancellationToken);

    /// <summary>Lists how often events broke the schemas of their types.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListSchemaViolationsResponse> ListSchemaViolationsAsync(ListSchemaViolationsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listSchemaViolations, request, options, cancellationToken);
}
