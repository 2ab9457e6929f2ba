using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Privacy</c>: what a customer may ask for.</summary>
public sealed class PrivacyClient(RpcChannel channel)
{
    private readonly ClientMethod<EraseCustomerRequest, EraseCustomerResponse> _eraseCustomer = new(Service, "EraseCustomer");
    private readonly ClientMethod<GetErasureReceiptRequest, GetErasureReceiptResponse> _getErasureReceipt = new(Service, "GetErasureReceipt");
    private readonly ClientMethod<ExportCustomerRequest, ExportCustomerResponse> _exportCustomer = new(Service, "ExportCustomer");
    private readonly ClientMethod<RestrictCustomerRequest, RestrictCustomerResponse> _restrictCustomer = new(Service, "RestrictCustomer");

    private static ServiceDescriptor Service => PrivacyReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Privacy");

    /// <summary>Erases a customer for good.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<EraseCustomerResponse> EraseCustomerAsync(EraseCustomerRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_eraseCustomer, request, options, cancellationToken);

    /// <summary>Reads the receipt of an erasure.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<GetErasureReceiptResponse> GetErasureReceiptAsync(GetErasureReceiptRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_getErasureReceipt, request, options, cancellationToken);

    /// <summary>Reads everything that is held of a customer.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public IAsyncEnumerable<ExportCustomerResponse> ExportCustomerAsync(ExportCustomerRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.ServerStreamingAsync(_exportCustomer, request, options, cancellationToken);

    /// <summary>Restricts the use of a customer's data, or ends that.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<RestrictCustomerResponse> RestrictCustomerAsync(RestrictCustomerRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_restrictCustomer, request, options, cancellationToken);
}
