using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Admin</c>: tenants, keys and what events mean.</summary>
public sealed class AdminClient(RpcChannel channel)
{
    private readonly ClientMethod<PutTenantRequest, PutTenantResponse> _putTenant = new(Service, "PutTenant");
    private readonly ClientMethod<GetTenantRequest, GetTenantResponse> _getTenant = new(Service, "GetTenant");
    private readonly ClientMethod<ListTenantsRequest, ListTenantsResponse> _listTenants = new(Service, "ListTenants");
    private readonly ClientMethod<DeleteTenantRequest, DeleteTenantResponse> _deleteTenant = new(Service, "DeleteTenant");
    private readonly ClientMethod<CreateKeyRequest, CreateKeyResponse> _createKey = new(Service, "CreateKey");
    private readonly ClientMethod<ListKeysRequest, ListKeysResponse> _listKeys = new(Service, "ListKeys");
    private readonly ClientMethod<RevokeKeyRequest, RevokeKeyResponse> _revokeKey = new(Service, "RevokeKey");
    private readonly ClientMethod<RotateKeyRequest, RotateKeyResponse> _rotateKey = new(Service, "RotateKey");
    private readonly ClientMethod<PutEventTypeRequest, PutEventTypeResponse> _putEventType = new(Service, "PutEventType");
    private readonly ClientMethod<ListEventTypesRequest, ListEventTypesResponse> _listEventTypes = new(Service, "ListEventTypes");
    private readonly ClientMethod<PutPurposeRequest, PutPurposeResponse> _putPurpose = new(Service, "PutPurpose");
    private readonly ClientMethod<ListPurposesRequest, ListPurposesResponse> _listPurposes = new(Service, "ListPurposes");
    private readonly ClientMethod<PutFieldPolicyRequest, PutFieldPolicyResponse> _putFieldPolicy = new(Service, "PutFieldPolicy");
    private readonly ClientMethod<ListFieldPoliciesRequest, ListFieldPoliciesResponse> _listFieldPolicies = new(Service, "ListFieldPolicies");
    private readonly ClientMethod<ListPartitionsRequest, ListPartitionsResponse> _listPartitions = new(Service, "ListPartitions");

    private static ServiceDescriptor Service => AdminReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Admin");

    /// <summary>Creates or changes a tenant; needs the operator's key.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<PutTenantResponse> PutTenantAsync(PutTenantRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_putTenant, request, options, cancellationToken);

    /// <summary>Reads the key's tenant.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<GetTenantResponse> GetTenantAsync(GetTenantRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_getTenant, request, options, cancellationToken);

    /// <summary>Lists the tenants.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListTenantsResponse> ListTenantsAsync(ListTenantsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listTenants, request, options, cancellationToken);

    /// <summary>Deletes a tenant with everything that is kept of it, for good; returns when it is done. Needs the operator's key.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK; after a deadline, call again to wait on.</exception>
    public Task<DeleteTenantResponse> DeleteTenantAsync(DeleteTenantRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_deleteTenant, request, options, cancellationToken);

    /// <summary>Creates an API key; its secret is shown once, here.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<CreateKeyResponse> CreateKeyAsync(CreateKeyRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_createKey, request, options, cancellationToken);

    /// <summary>Lists API keys, without secrets.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListKeysResponse> ListKeysAsync(ListKeysRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listKeys, request, options, cancellationToken);

    /// <summary>Revokes an API key.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<RevokeKeyResponse> RevokeKeyAsync(RevokeKeyRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_revokeKey, request, options, cancellationToken);

    /// <summary>Gives an API key a new secret, which is shown once, here; the one before works on for the overlap.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<RotateKeyResponse> RotateKeyAsync(RotateKeyRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_rotateKey, request, options, cancellationToken);

    /// <summary>States what a type of event means.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<PutEventTypeResponse> PutEventTypeAsync(PutEventTypeRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_putEventType, request, options, cancellationToken);

    /// <summary>Lists what types of events mean.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListEventTypesResponse> ListEventTypesAsync(ListEventTypesRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listEventTypes, request, options, cancellationToken);

    /// <summary>Declares a purpose of reads.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<PutPurposeResponse> PutPurposeAsync(PutPurposeRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_putPurpose, request, options, cancellationToken);

    /// <summary>Lists the declared purposes.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListPurposesResponse> ListPurposesAsync(ListPurposesRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listPurposes, request, options, cancellationToken);

    /// <summary>States which purposes may see a field.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<PutFieldPolicyResponse> PutFieldPolicyAsync(PutFieldPolicyRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_putFieldPolicy, request, options, cancellationToken);

    /// <summary>Lists which purposes may see which fields.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListFieldPoliciesResponse> ListFieldPoliciesAsync(ListFieldPoliciesRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listFieldPolicies, request, options, cancellationToken);

    /// <summary>Lists the log's partitions: what is durable, what is applied.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListPartitionsResponse> ListPartitionsAsync(ListPartitionsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listPartitions, request, options, cancellationToken);
}
