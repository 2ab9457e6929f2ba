using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Interactions</c>: one touch of a customer with a channel.</summary>
public sealed class InteractionsClient(RpcChannel channel)
{
    private readonly ClientMethod<ExchangeRequest, ExchangeResponse> _exchange = new(Service, "Exchange");

    private static ServiceDescriptor Service => InteractionsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Interactions");

    /// <summary>Takes in what just happened, waits until it is visible, then decides and reads for the same person.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ExchangeResponse> ExchangeAsync(ExchangeRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_exchange, request, options, cancellationToken);
}
