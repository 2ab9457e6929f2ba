using Cdp.V1;

namespace Cdp.Node.Api;

/// <summary>The calls of the public API that the command line makes. Every failure is a <see cref="CdpApiException"/>.</summary>
public interface ICdpApi : IDisposable
{
    /// <summary>Publishes a batch; what it acknowledges is durable.</summary>
    Task<PublishEventsResponse> PublishEventsAsync(PublishEventsRequest request, CancellationToken cancel);

    /// <summary>Reads one customer.</summary>
    Task<GetProfileResponse> GetProfileAsync(GetProfileRequest request, CancellationToken cancel);

    /// <summary>Reads one page of a customer's events.</summary>
    Task<ListEventsResponse> ListEventsAsync(ListEventsRequest request, CancellationToken cancel);

    /// <summary>Says what became of one event.</summary>
    Task<TraceEventResponse> TraceEventAsync(TraceEventRequest request, CancellationToken cancel);

    /// <summary>Shows events as they are applied or refused.</summary>
    IAsyncEnumerable<TailEventsResponse> TailEventsAsync(TailEventsRequest request, CancellationToken cancel);

    /// <summary>Reads one page of the events that count for nobody.</summary>
    Task<ListDeadLettersResponse> ListDeadLettersAsync(ListDeadLettersRequest request, CancellationToken cancel);

    /// <summary>Publishes dead letters anew.</summary>
    Task<RetryDeadLettersResponse> RetryDeadLettersAsync(RetryDeadLettersRequest request, CancellationToken cancel);

    /// <summary>Lists the declared types of events.</summary>
    Task<ListEventTypesResponse> ListEventTypesAsync(ListEventTypesRequest request, CancellationToken cancel);

    /// <summary>Declares a type of events or changes it.</summary>
    Task<PutEventTypeResponse> PutEventTypeAsync(PutEventTypeRequest request, CancellationToken cancel);

    /// <summary>Lists how often events broke the schemas of their types.</summary>
    Task<ListSchemaViolationsResponse> ListSchemaViolationsAsync(ListSchemaViolationsRequest request, CancellationToken cancel);

    /// <summary>Reads one page of the facts that a customer's identity rests on.</summary>
    Task<DescribeIdentityResponse> DescribeIdentityAsync(DescribeIdentityRequest request, CancellationToken cancel);

    /// <summary>Lists the declared purposes.</summary>
    Task<ListPurposesResponse> ListPurposesAsync(ListPurposesRequest request, CancellationToken cancel);

    /// <summary>Declares a purpose or changes it.</summary>
    Task<PutPurposeResponse> PutPurposeAsync(PutPurposeRequest request, CancellationToken cancel);

    /// <summary>Reads what a customer allows.</summary>
    Task<GetConsentsResponse> GetConsentsAsync(GetConsentsRequest request, CancellationToken cancel);

    /// <summary>Records what a customer allows or refuses.</summary>
    Task<RecordConsentResponse> RecordConsentAsync(RecordConsentRequest request, CancellationToken cancel);

    /// <summary>Reads everything that is held of a customer.</summary>
    IAsyncEnumerable<ExportCustomerResponse> ExportCustomerAsync(ExportCustomerRequest request, CancellationToken cancel);

    /// <summary>Erases a customer for good.</summary>
    Task<EraseCustomerResponse> EraseCustomerAsync(EraseCustomerRequest request, CancellationToken cancel);

    /// <summary>Reads the tenant of the key.</summary>
    Task<GetTenantResponse> GetTenantAsync(GetTenantRequest request, CancellationToken cancel);

    /// <summary>Lists the tenants.</summary>
    Task<ListTenantsResponse> ListTenantsAsync(ListTenantsRequest request, CancellationToken cancel);

    /// <summary>Makes a tenant or changes it.</summary>
    Task<PutTenantResponse> PutTenantAsync(PutTenantRequest request, CancellationToken cancel);

    /// <summary>Deletes a tenant for good.</summary>
    Task<DeleteTenantResponse> DeleteTenantAsync(DeleteTenantRequest request, CancellationToken cancel);

    /// <summary>Makes a segment or changes it.</summary>
    Task<PutSegmentResponse> PutSegmentAsync(PutSegmentRequest request, CancellationToken cancel);

    /// <summary>Reads one segment and how many members it has.</summary>
    Task<GetSegmentResponse> GetSegmentAsync(GetSegmentRequest request, CancellationToken cancel);

    /// <summary>Reads one page of the segments.</summary>
    Task<ListSegmentsResponse> ListSegmentsAsync(ListSegmentsRequest request, CancellationToken cancel);

    /// <summary>Removes a segment.</summary>
    Task<DeleteSegmentResponse> DeleteSegmentAsync(DeleteSegmentRequest request, CancellationToken cancel);

    /// <summary>Reads one page of a segment's members.</summary>
    Task<ListMembersResponse> ListMembersAsync(ListMembersRequest request, CancellationToken cancel);

    /// <summary>Says why a customer is in a segment, or not.</summary>
    Task<ExplainMembershipResponse> ExplainMembershipAsync(ExplainMembershipRequest request, CancellationToken cancel);

    /// <summary>Makes an action or changes it.</summary>
    Task<PutActionResponse> PutActionAsync(PutActionRequest request, CancellationToken cancel);

    /// <summary>Reads one page of the actions.</summary>
    Task<ListActionsResponse> ListActionsAsync(ListActionsRequest request, CancellationToken cancel);

    /// <summary>Makes a placement or changes it.</summary>
    Task<PutPlacementResponse> PutPlacementAsync(PutPlacementRequest request, CancellationToken cancel);

    /// <summary>Reads one page of the placements.</summary>
    Task<ListPlacementsResponse> ListPlacementsAsync(ListPlacementsRequest request, CancellationToken cancel);

    /// <summary>Decides what a customer, or a visitor, is offered.</summary>
    Task<DecideResponse> DecideAsync(DecideRequest request, CancellationToken cancel);

    /// <summary>Replays a decision.</summary>
    Task<ExplainDecisionResponse> ExplainDecisionAsync(ExplainDecisionRequest request, CancellationToken cancel);

    /// <summary>Creates an API key.</summary>
    Task<CreateKeyResponse> CreateKeyAsync(CreateKeyRequest request, CancellationToken cancel);

    /// <summary>Lists a tenant's API keys, without their secrets.</summary>
    Task<ListKeysResponse> ListKeysAsync(ListKeysRequest request, CancellationToken cancel);

    /// <summary>Revokes an API key.</summary>
    Task<RevokeKeyResponse> RevokeKeyAsync(RevokeKeyRequest request, CancellationToken cancel);

    /// <summary>Gives an API key a new secret.</summary>
    Task<RotateKeyResponse> RotateKeyAsync(RotateKeyRequest request, CancellationToken cancel);

    /// <summary>Reads one page of the audit log.</summary>
    Task<ListAuditRecordsResponse> ListAuditRecordsAsync(ListAuditRecordsRequest request, CancellationToken cancel);

    /// <summary>Reads the blocks of the audit log as they are kept.</summary>
    IAsyncEnumerable<ReadAuditBlocksResponse> ReadAuditBlocksAsync(ReadAuditBlocksRequest request, CancellationToken cancel);

    /// <summary>Makes a backup; returns when it is on disk.</summary>
    Task<CreateBackupResponse> CreateBackupAsync(CreateBackupRequest request, CancellationToken cancel);

    /// <summary>Looks at the server as an operator would.</summary>
    Task<CheckUpResponse> CheckUpAsync(CheckUpRequest request, CancellationToken cancel);

    /// <summary>Lists the backups.</summary>
    Task<ListBackupsResponse> ListBackupsAsync(ListBackupsRequest request, CancellationToken cancel);
}
