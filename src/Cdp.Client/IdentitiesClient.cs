using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Identities</c>: recognises customers across identifiers.</summary>
public sealed class IdentitiesClient(RpcChannel channel)
{
    private readonly ClientMethod<ResolveIdentifierRequest, ResolveIdentifierResponse> _resolveIdentifier = new(Service, "ResolveIdentifier");
    private readonly ClientMethod<DescribeIdentityRequest, DescribeIdentityResponse> _describeIdentity = new(Service, "DescribeIdentity");
    private readonly ClientMethod<LinkIdentifiersRequest, LinkIdentifiersResponse> _linkIdentifiers = new(Service, "LinkIdentifiers");
    private readonly ClientMethod<PutNamespaceRequest, PutNamespaceResponse> _putNamespace = new(Service, "PutNamespace");
    private readonly ClientMethod<ListNamespacesRequest, ListNamespacesResponse> _listNamespaces = new(Service, "ListNamespaces");

    private static ServiceDescriptor Service => IdentitiesReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Identities");

    /// <summary>Finds the customer that an identifier belongs to.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ResolveIdentifierResponse> ResolveIdentifierAsync(ResolveIdentifierRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_resolveIdentifier, request, options, cancellationToken);

    /// <summary>Lists what a customer consists of, with the evidence.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<DescribeIdentityResponse> DescribeIdentityAsync(DescribeIdentityRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_describeIdentity, request, options, cancellationToken);

    /// <summary>States that identifiers belong to one customer.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<LinkIdentifiersResponse> LinkIdentifiersAsync(LinkIdentifiersRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_linkIdentifiers, request, options, cancellationToken);

    /// <summary>Declares a namespace of identifiers.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<PutNamespaceResponse> PutNamespaceAsync(PutNamespaceRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_putNamespace, request, options, cancellationToken);

    /// <summary>Lists the namespaces, built-in defaults included.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListNamespacesResponse> ListNamespacesAsync(ListNamespacesRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listNamespaces, request, options, cancellationToken);
}
