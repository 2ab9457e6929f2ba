using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Ingest</c>: takes in events. Once acknowledged, an event is on disk.</summary>
public sealed class IngestClient(RpcChannel channel)
{
    private readonly ClientMethod<PublishEventsRequest, PublishEventsResponse> _publishEvents = new(Service, "PublishEvents");
    private readonly ClientMethod<StreamEventsRequest, StreamEventsResponse> _streamEvents = new(Service, "StreamEvents");

    private static ServiceDescriptor Service => IngestReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Ingest");

    /// <summary>Takes in up to 1,000 events and 4 MB; each is judged on its own.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<PublishEventsResponse> PublishEventsAsync(PublishEventsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_publishEvents, request, options, cancellationToken);

    /// <summary>
    /// Opens a connection for many batches of events; each is acknowledged with its sequence, in order. Write while
    /// you read: the server takes no more while acknowledgements wait.
    /// </summary>
    /// <param name="options">What the call says beside its messages.</param>
    /// <param name="cancellationToken">Cancels the whole call.</param>
    public DuplexCall<StreamEventsRequest, StreamEventsResponse> StreamEvents(CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.DuplexStreaming(_streamEvents, options, cancellationToken);
}
