using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Segments</c>: audiences, who is in them, and why.</summary>
public sealed class SegmentsClient(RpcChannel channel)
{
    private readonly ClientMethod<PutSegmentRequest, PutSegmentResponse> _putSegment = new(Service, "PutSegment");
    private readonly ClientMethod<GetSegmentRequest, GetSegmentResponse> _getSegment = new(Service, "GetSegment");
    private readonly ClientMethod<ListSegmentsRequest, ListSegmentsResponse> _listSegments = new(Service, "ListSegments");
    private readonly ClientMethod<DeleteSegmentRequest, DeleteSegmentResponse> _deleteSegment = new(Service, "DeleteSegment");
    private readonly ClientMethod<ListMembersRequest, ListMembersResponse> _listMembers = new(Service, "ListMembers");
    private readonly ClientMethod<CountMembersRequest, CountMembersResponse> _countMembers = new(Service, "CountMembers");
    private readonly ClientMethod<ListMembershipsRequest, ListMembershipsResponse> _listMemberships = new(Service, "ListMemberships");
    private readonly ClientMethod<ExplainMembershipRequest, ExplainMembershipResponse> _explainMembership = new(Service, "ExplainMembership");

    private static ServiceDescriptor Service => SegmentsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Segments");

    /// <summary>Makes a segment or changes it, or only checks it.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<PutSegmentResponse> PutSegmentAsync(PutSegmentRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_putSegment, request, options, cancellationToken);

    /// <summary>Reads one segment and how many members it has.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<GetSegmentResponse> GetSegmentAsync(GetSegmentRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_getSegment, request, options, cancellationToken);

    /// <summary>Lists the segments, by id.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListSegmentsResponse> ListSegmentsAsync(ListSegmentsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listSegments, request, options, cancellationToken);

    /// <summary>Removes a segment.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<DeleteSegmentResponse> DeleteSegmentAsync(DeleteSegmentRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_deleteSegment, request, options, cancellationToken);

    /// <summary>Lists the members of a segment, oldest customer first.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListMembersResponse> ListMembersAsync(ListMembersRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listMembers, request, options, cancellationToken);

    /// <summary>Counts the members of a segment, exactly.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<CountMembersResponse> CountMembersAsync(CountMembersRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_countMembers, request, options, cancellationToken);

    /// <summary>Lists the segments that a customer is in.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListMembershipsResponse> ListMembershipsAsync(ListMembershipsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listMemberships, request, options, cancellationToken);

    /// <summary>Says why a customer is in a segment, or not.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ExplainMembershipResponse> ExplainMembershipAsync(ExplainMembershipRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_explainMembership, request, options, cancellationToken);
}
