using System.Runtime.CompilerServices;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Node.Api;

/// <summary>Makes the command line's calls to a server.</summary>
public sealed class ClientCdpApi : ICdpApi
{
    // A read may wait for a token, a batch for the log's flush; beyond this nobody waits at a terminal.
    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(60) };

    // Ends what was begun, however long the customer's history is.
    private static readonly CallOptions MuchPatience = new() { Timeout = TimeSpan.FromMinutes(10) };

    // Copies all that a server holds.
    private static readonly CallOptions MostPatience = new() { Timeout = TimeSpan.FromHours(12) };

    private readonly Uri _url;
    private readonly CdpClient _client;

    /// <summary>Prepares the client; nothing is sent before the first call.</summary>
    public ClientCdpApi(Uri url, string key)
    {
        _url = url;
        _client = new CdpClient(url, key);
    }

    /// <inheritdoc/>
    public Task<PublishEventsResponse> PublishEventsAsync(PublishEventsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Ingest.PublishEventsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<GetProfileResponse> GetProfileAsync(GetProfileRequest request, CancellationToken cancel) =>
        CallAsync(_client.Profiles.GetProfileAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListEventsResponse> ListEventsAsync(ListEventsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Profiles.ListEventsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<TraceEventResponse> TraceEventAsync(TraceEventRequest request, CancellationToken cancel) =>
        CallAsync(_client.Events.TraceEventAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public IAsyncEnumerable<TailEventsResponse> TailEventsAsync(TailEventsRequest request, CancellationToken cancel) =>
        EachAsync(_client.Events.TailEventsAsync(request, cancellationToken: cancel), cancel);

    /// <inheritdoc/>
    public Task<ListAuditRecordsResponse> ListAuditRecordsAsync(ListAuditRecordsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Audits.ListAuditRecordsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public IAsyncEnumerable<ReadAuditBlocksResponse> ReadAuditBlocksAsync(ReadAuditBlocksRequest request, CancellationToken cancel) =>
        EachAsync(_client.Audits.ReadAuditBlocksAsync(request, cancellationToken: cancel), cancel);

    /// <inheritdoc/>
    public Task<ListDeadLettersResponse> ListDeadLettersAsync(ListDeadLettersRequest request, CancellationToken cancel) =>
        CallAsync(_client.Events.ListDeadLettersAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<RetryDeadLettersResponse> RetryDeadLettersAsync(RetryDeadLettersRequest request, CancellationToken cancel) =>
        CallAsync(_client.Events.RetryDeadLettersAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListEventTypesResponse> ListEventTypesAsync(ListEventTypesRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.ListEventTypesAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<PutEventTypeResponse> PutEventTypeAsync(PutEventTypeRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.PutEventTypeAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListSchemaViolationsResponse> ListSchemaViolationsAsync(ListSchemaViolationsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Events.ListSchemaViolationsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<DescribeIdentityResponse> DescribeIdentityAsync(DescribeIdentityRequest request, CancellationToken cancel) =>
        CallAsync(_client.Identities.DescribeIdentityAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListPurposesResponse> ListPurposesAsync(ListPurposesRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.ListPurposesAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<PutPurposeResponse> PutPurposeAsync(PutPurposeRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.PutPurposeAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<GetConsentsResponse> GetConsentsAsync(GetConsentsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Consents.GetConsentsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<RecordConsentResponse> RecordConsentAsync(RecordConsentRequest request, CancellationToken cancel) =>
        CallAsync(_client.Consents.RecordConsentAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public IAsyncEnumerable<ExportCustomerResponse> ExportCustomerAsync(ExportCustomerRequest request, CancellationToken cancel) =>
        EachAsync(_client.Privacy.ExportCustomerAsync(request, MuchPatience, cancel), cancel);

    /// <inheritdoc/>
    public Task<EraseCustomerResponse> EraseCustomerAsync(EraseCustomerRequest request, CancellationToken cancel) =>
        CallAsync(_client.Privacy.EraseCustomerAsync(request, MuchPatience, cancel));

    /// <inheritdoc/>
    public Task<GetTenantResponse> GetTenantAsync(GetTenantRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.GetTenantAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListTenantsResponse> ListTenantsAsync(ListTenantsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.ListTenantsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<PutTenantResponse> PutTenantAsync(PutTenantRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.PutTenantAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<DeleteTenantResponse> DeleteTenantAsync(DeleteTenantRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.DeleteTenantAsync(request, MuchPatience, cancel));

    /// <inheritdoc/>
    public Task<PutSegmentResponse> PutSegmentAsync(PutSegmentRequest request, CancellationToken cancel) =>
        CallAsync(_client.Segments.PutSegmentAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<GetSegmentResponse> GetSegmentAsync(GetSegmentRequest request, CancellationToken cancel) =>
        CallAsync(_client.Segments.GetSegmentAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListSegmentsResponse> ListSegmentsAsync(ListSegmentsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Segments.ListSegmentsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<DeleteSegmentResponse> DeleteSegmentAsync(DeleteSegmentRequest request, CancellationToken cancel) =>
        CallAsync(_client.Segments.DeleteSegmentAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListMembersResponse> ListMembersAsync(ListMembersRequest request, CancellationToken cancel) =>
        CallAsync(_client.Segments.ListMembersAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ExplainMembershipResponse> ExplainMembershipAsync(ExplainMembershipRequest request, CancellationToken cancel) =>
        CallAsync(_client.Segments.ExplainMembershipAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<PutActionResponse> PutActionAsync(PutActionRequest request, CancellationToken cancel) =>
        CallAsync(_client.Decisions.PutActionAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListActionsResponse> ListActionsAsync(ListActionsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Decisions.ListActionsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<PutPlacementResponse> PutPlacementAsync(PutPlacementRequest request, CancellationToken cancel) =>
        CallAsync(_client.Decisions.PutPlacementAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListPlacementsResponse> ListPlacementsAsync(ListPlacementsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Decisions.ListPlacementsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<DecideResponse> DecideAsync(DecideRequest request, CancellationToken cancel) =>
        CallAsync(_client.Decisions.DecideAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ExplainDecisionResponse> ExplainDecisionAsync(ExplainDecisionRequest request, CancellationToken cancel) =>
        CallAsync(_client.Decisions.ExplainDecisionAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<CreateKeyResponse> CreateKeyAsync(CreateKeyRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.CreateKeyAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListKeysResponse> ListKeysAsync(ListKeysRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.ListKeysAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<RevokeKeyResponse> RevokeKeyAsync(RevokeKeyRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.RevokeKeyAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<RotateKeyResponse> RotateKeyAsync(RotateKeyRequest request, CancellationToken cancel) =>
        CallAsync(_client.Admin.RotateKeyAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<CreateBackupResponse> CreateBackupAsync(CreateBackupRequest request, CancellationToken cancel) =>
        CallAsync(_client.Operations.CreateBackupAsync(request, MostPatience, cancel));

    /// <inheritdoc/>
    public Task<CheckUpResponse> CheckUpAsync(CheckUpRequest request, CancellationToken cancel) =>
        CallAsync(_client.Operations.CheckUpAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public Task<ListBackupsResponse> ListBackupsAsync(ListBackupsRequest request, CancellationToken cancel) =>
        CallAsync(_client.Operations.ListBackupsAsync(request, Patience, cancel));

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async IAsyncEnumerable<T> EachAsync<T>(IAsyncEnumerable<T> replies, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var items = replies.GetAsyncEnumerator(cancel);
        while (await CallAsync(items.MoveNextAsync().AsTask())) yield return items.Current;
    }

    private async Task<T> CallAsync<T>(Task<T> call)
    {
        try
        {
            return await call;
        }
        catch (CallException e)
        {
            var status = (CdpStatus)(int)e.StatusCode;
            var field = e.FieldViolations is [var first, ..] ? first.Field : null;
            throw new CdpApiException(status, Message(status, e), e.Reason, field, e.RetryDelay, e);
        }
    }

    // What comes from a server of ours carries a reason and says what to do; for the rest it is said here.
    private string Message(CdpStatus status, CallException e) => (status, e.Reason) switch
    {
        (CdpStatus.Unavailable, null) => $"{e.Message.TrimEnd('.')} ({_url}). Start it with 'cdp serve', or name another with --server or CDP_URL.",
        (CdpStatus.DeadlineExceeded, null) => $"{_url} did not answer within {Patience.Timeout!.Value.TotalSeconds:0} s; try again.",
        _ => e.Message,
    };
}
