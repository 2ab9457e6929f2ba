using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Profiles</c>: reads customers, each time for a declared purpose.</summary>
public sealed class ProfilesClient(RpcChannel channel)
{
    private readonly ClientMethod<GetProfileRequest, GetProfileResponse> _getProfile = new(Service, "GetProfile");
    private readonly ClientMethod<BatchGetProfilesRequest, BatchGetProfilesResponse> _batchGetProfiles = new(Service, "BatchGetProfiles");
    private readonly ClientMethod<ListEventsRequest, ListEventsResponse> _listEvents = new(Service, "ListEvents");

    private static ServiceDescriptor Service => ProfilesReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Profiles");

    /// <summary>Reads one customer.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<GetProfileResponse> GetProfileAsync(GetProfileRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_getProfile, request, options, cancellationToken);

    /// <summary>Reads up to 100 customers; each answers on its own.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<BatchGetProfilesResponse> BatchGetProfilesAsync(BatchGetProfilesRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_batchGetProfiles, request, options, cancellationToken);

    /// <summary>Lists a customer's events, newest first.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListEventsResponse> ListEventsAsync(ListEventsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listEvents, request, options, cancellationToken);
}
