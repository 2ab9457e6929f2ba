using System.Collections.Concurrent;
using Cdp.Node.Api;
using Cdp.V1;

namespace Cdp.Node.Tests;

/// <summary>A server in memory: keeps what is published, once per (source, id), and answers reads with what a test gives it.</summary>
internal sealed class FakeApi : ICdpApi
{
    private readonly ConcurrentDictionary<(string Source, string Id), Event> _events = new();
    private int _calls;

    public IReadOnlyCollection<Event> Events => [.. _events.Values];

    public IReadOnlyCollection<string> Ids => [.. _events.Keys.Select(key => key.Id).Order(StringComparer.Ordinal)];

    public int Calls => _calls;

    /// <summary>Events received, copies included.</summary>
    public ConcurrentQueue<Event> Received { get; } = new();

    /// <summary>Called before a batch is taken, with the number of the call from 1; throws to refuse it.</summary>
    public Func<int, PublishEventsRequest, Task> BeforePublish { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Says why one event is refused; null accepts it.</summary>
    public Func<Event, RefusedEvent?> Judge { get; set; } = _ => null;

    public Func<GetProfileRequest, GetProfileResponse> Profile { get; set; } = _ => throw NotFound();

    public Func<ListEventsRequest, ListEventsResponse> EventPage { get; set; } = _ => throw NotFound();

    public Func<TraceEventRequest, TraceEventResponse> Trace { get; set; } = _ => throw NotFound();

    public Func<TailEventsRequest, IEnumerable<TailEventsResponse>> Tail { get; set; } = _ => throw NotFound();

    public Func<ListDeadLettersRequest, ListDeadLettersResponse> DeadLetterPage { get; set; } = _ => throw NotFound();

    public Func<RetryDeadLettersRequest, RetryDeadLettersResponse> RetryDeadLetters { get; set; } = _ => throw NotFound();

    public Func<ListAuditRecordsRequest, ListAuditRecordsResponse> AuditPage { get; set; } = _ => throw NotFound();

    public List<Google.Protobuf.ByteString> AuditBlocks { get; } = [];

    public Func<CheckUpResponse> CheckUp { get; set; } = () => throw NotFound();

    public List<EventType> EventTypes { get; } = [];

    public ListSchemaViolationsResponse Violations { get; set; } = new();

    public Func<DescribeIdentityRequest, DescribeIdentityResponse> Identity { get; set; } = _ => throw NotFound();

    public Func<ListPurposesRequest, ListPurposesResponse> Purposes { get; set; } = _ => throw NotFound();

    public Func<PutPurposeRequest, PutPurposeResponse> PutPurpose { get; set; } = _ => throw NotFound();

    public Func<GetConsentsRequest, GetConsentsResponse> Consents { get; set; } = _ => throw NotFound();

    public Func<RecordConsentRequest, RecordConsentResponse> RecordConsent { get; set; } = _ => throw NotFound();

    public Func<EraseCustomerRequest, EraseCustomerResponse> EraseCustomer { get; set; } = _ => throw NotFound();

    public List<Tenant> Tenants { get; } = [];

    public Func<DeleteTenantRequest, DeleteTenantResponse> DeleteTenant { get; set; } = _ => throw NotFound();

    public Func<ExportCustomerRequest, IEnumerable<ExportCustomerResponse>> ExportCustomer { get; set; } = _ => throw NotFound();

    public Func<PutSegmentRequest, PutSegmentResponse> PutSegment { get; set; } = _ => throw NotFound();

    public Func<GetSegmentRequest, GetSegmentResponse> GetSegment { get; set; } = _ => throw NotFound();

    public Func<ListSegmentsRequest, ListSegmentsResponse> SegmentPage { get; set; } = _ => throw NotFound();

    public Func<PutActionRequest, PutActionResponse> PutAction { get; set; } = _ => throw NotFound();

    public Func<ListActionsRequest, ListActionsResponse> ActionPage { get; set; } = _ => throw NotFound();

    public Func<PutPlacementRequest, PutPlacementResponse> PutPlacement { get; set; } = _ => throw NotFound();

    public Func<ListPlacementsRequest, ListPlacementsResponse> PlacementPage { get; set; } = _ => throw NotFound();

    public Func<DecideRequest, DecideResponse> Decide { get; set; } = _ => throw NotFound();

    public Func<ExplainDecisionRequest, ExplainDecisionResponse> Receipt { get; set; } = _ => throw NotFound();

    public Func<DeleteSegmentRequest, DeleteSegmentResponse> DeleteSegment { get; set; } = _ => throw NotFound();

    public Func<ListMembersRequest, ListMembersResponse> MemberPage { get; set; } = _ => throw NotFound();

    public Func<ExplainMembershipRequest, ExplainMembershipResponse> Explanation { get; set; } = _ => throw NotFound();

    public List<Key> Keys { get; } = [];

    public Func<CreateBackupRequest, CreateBackupResponse> CreateBackup { get; set; } = _ => throw NotFound();

    public List<Backup> Backups { get; } = [];

    public async Task<PublishEventsResponse> PublishEventsAsync(PublishEventsRequest request, CancellationToken cancel)
    {
        var call = Interlocked.Increment(ref _calls);
        Assert.InRange(request.Events.Count, 1, 1_000);
        Assert.InRange(request.CalculateSize(), 1, 4 * 1024 * 1024);
        await BeforePublish(call, request).WaitAsync(cancel);
        var response = new PublishEventsResponse { Token = $"token-{call}" };
        for (var i = 0; i < request.Events.Count; i++)
        {
            var e = request.Events[i];
            if (Judge(e) is { } refusal)
            {
                refusal.Index = i;
                response.Refused.Add(refusal);
                continue;
            }

            Received.Enqueue(e);
            var first = _events.GetOrAdd((e.Source, e.Id), e);
            Assert.True(first.Equals(e), $"the id {e.Id} came with other content");
            response.Accepted++;
        }

        return response;
    }

    public Task<GetProfileResponse> GetProfileAsync(GetProfileRequest request, CancellationToken cancel) => Task.FromResult(Profile(request));

    public Task<ListEventsResponse> ListEventsAsync(ListEventsRequest request, CancellationToken cancel) => Task.FromResult(EventPage(request));

    public Task<TraceEventResponse> TraceEventAsync(TraceEventRequest request, CancellationToken cancel) => Task.FromResult(Trace(request));

    public IAsyncEnumerable<TailEventsResponse> TailEventsAsync(TailEventsRequest request, CancellationToken cancel) => Tail(request).ToAsyncEnumerable();

    public Task<CheckUpResponse> CheckUpAsync(CheckUpRequest request, CancellationToken cancel) => Task.FromResult(CheckUp());

    public Task<ListAuditRecordsResponse> ListAuditRecordsAsync(ListAuditRecordsRequest request, CancellationToken cancel) => Task.FromResult(AuditPage(request));

    public IAsyncEnumerable<ReadAuditBlocksResponse> ReadAuditBlocksAsync(ReadAuditBlocksRequest request, CancellationToken cancel) =>
        AuditBlocks.Select(block => new ReadAuditBlocksResponse { Blocks = { block } }).ToAsyncEnumerable();

    public Task<ListDeadLettersResponse> ListDeadLettersAsync(ListDeadLettersRequest request, CancellationToken cancel) => Task.FromResult(DeadLetterPage(request));

    public Task<RetryDeadLettersResponse> RetryDeadLettersAsync(RetryDeadLettersRequest request, CancellationToken cancel) => Task.FromResult(RetryDeadLetters(request));

    public Task<ListEventTypesResponse> ListEventTypesAsync(ListEventTypesRequest request, CancellationToken cancel) => Task.FromResult(new ListEventTypesResponse { EventTypes = { EventTypes } });

    public Task<PutEventTypeResponse> PutEventTypeAsync(PutEventTypeRequest request, CancellationToken cancel)
    {
        EventTypes.RemoveAll(type => type.Name == request.EventType.Name);
        EventTypes.Add(request.EventType);
        return Task.FromResult(new PutEventTypeResponse { EventType = request.EventType });
    }

    public Task<ListSchemaViolationsResponse> ListSchemaViolationsAsync(ListSchemaViolationsRequest request, CancellationToken cancel) => Task.FromResult(Violations);

    public Task<DescribeIdentityResponse> DescribeIdentityAsync(DescribeIdentityRequest request, CancellationToken cancel) => Task.FromResult(Identity(request));

    public Task<ListPurposesResponse> ListPurposesAsync(ListPurposesRequest request, CancellationToken cancel) => Task.FromResult(Purposes(request));

    public Task<PutPurposeResponse> PutPurposeAsync(PutPurposeRequest request, CancellationToken cancel) => Task.FromResult(PutPurpose(request));

    public Task<GetConsentsResponse> GetConsentsAsync(GetConsentsRequest request, CancellationToken cancel) => Task.FromResult(Consents(request));

    public Task<RecordConsentResponse> RecordConsentAsync(RecordConsentRequest request, CancellationToken cancel) => Task.FromResult(RecordConsent(request));

    public IAsyncEnumerable<ExportCustomerResponse> ExportCustomerAsync(ExportCustomerRequest request, CancellationToken cancel) => ExportCustomer(request).ToAsyncEnumerable();

    public Task<GetTenantResponse> GetTenantAsync(GetTenantRequest request, CancellationToken cancel) => Task.FromResult(new GetTenantResponse { Tenant = Tenants[0] });

    public Task<ListTenantsResponse> ListTenantsAsync(ListTenantsRequest request, CancellationToken cancel) => Task.FromResult(new ListTenantsResponse { Tenants = { Tenants } });

    public Task<PutTenantResponse> PutTenantAsync(PutTenantRequest request, CancellationToken cancel)
    {
        Tenants.Add(request.Tenant);
        return Task.FromResult(new PutTenantResponse { Tenant = request.Tenant });
    }

    public Task<DeleteTenantResponse> DeleteTenantAsync(DeleteTenantRequest request, CancellationToken cancel) => Task.FromResult(DeleteTenant(request));

    public Task<EraseCustomerResponse> EraseCustomerAsync(EraseCustomerRequest request, CancellationToken cancel) => Task.FromResult(EraseCustomer(request));

    public Task<PutSegmentResponse> PutSegmentAsync(PutSegmentRequest request, CancellationToken cancel) => Task.FromResult(PutSegment(request));

    public Task<GetSegmentResponse> GetSegmentAsync(GetSegmentRequest request, CancellationToken cancel) => Task.FromResult(GetSegment(request));

    public Task<ListSegmentsResponse> ListSegmentsAsync(ListSegmentsRequest request, CancellationToken cancel) => Task.FromResult(SegmentPage(request));

    public Task<PutActionResponse> PutActionAsync(PutActionRequest request, CancellationToken cancel) => Task.FromResult(PutAction(request));

    public Task<ListActionsResponse> ListActionsAsync(ListActionsRequest request, CancellationToken cancel) => Task.FromResult(ActionPage(request));

    public Task<PutPlacementResponse> PutPlacementAsync(PutPlacementRequest request, CancellationToken cancel) => Task.FromResult(PutPlacement(request));

    public Task<ListPlacementsResponse> ListPlacementsAsync(ListPlacementsRequest request, CancellationToken cancel) => Task.FromResult(PlacementPage(request));

    public Task<DecideResponse> DecideAsync(DecideRequest request, CancellationToken cancel) => Task.FromResult(Decide(request));

    public Task<ExplainDecisionResponse> ExplainDecisionAsync(ExplainDecisionRequest request, CancellationToken cancel) => Task.FromResult(Receipt(request));

    public Task<DeleteSegmentResponse> DeleteSegmentAsync(DeleteSegmentRequest request, CancellationToken cancel) => Task.FromResult(DeleteSegment(request));

    public Task<ListMembersResponse> ListMembersAsync(ListMembersRequest request, CancellationToken cancel) => Task.FromResult(MemberPage(request));

    public Task<ExplainMembershipResponse> ExplainMembershipAsync(ExplainMembershipRequest request, CancellationToken cancel) => Task.FromResult(Explanation(request));

    public Task<CreateKeyResponse> CreateKeyAsync(CreateKeyRequest request, CancellationToken cancel)
    {
        var key = new Key
        {
            Id = $"k{Keys.Count + 1}",
            Roles = { request.Roles },
            Source = request.Source,
            DefaultPurpose = request.DefaultPurpose,
            Description = request.Description,
            AllowedChannels = { request.AllowedChannels },
            AllowedEventTypes = { request.AllowedEventTypes },
            SourceBound = request.SourceBound,
            CreatedAt = new Timestamp { UnixMicros = 1_290_000_000_000_000 },
            ExpiresAt = request.ExpiresAt,
            RequestsPerSecond = request.RequestsPerSecond,
            EventsPerSecond = request.EventsPerSecond,
        };
        Keys.Add(key);
        return Task.FromResult(new CreateKeyResponse { Key = key, Secret = $"secret-{key.Id}" });
    }

    public Task<ListKeysResponse> ListKeysAsync(ListKeysRequest request, CancellationToken cancel)
    {
        var response = new ListKeysResponse();
        response.Keys.AddRange(Keys);
        return Task.FromResult(response);
    }

    public Task<RevokeKeyResponse> RevokeKeyAsync(RevokeKeyRequest request, CancellationToken cancel)
    {
        var key = Keys.Find(k => k.Id == request.KeyId) ?? throw NotFound();
        key.RevokedAt = new Timestamp { UnixMicros = 1_291_191_960_000_000 };
        return Task.FromResult(new RevokeKeyResponse { Key = key });
    }

    public Task<RotateKeyResponse> RotateKeyAsync(RotateKeyRequest request, CancellationToken cancel)
    {
        var key = Keys.Find(k => k.Id == request.KeyId) ?? throw NotFound();
        key.RotatedAt = new Timestamp { UnixMicros = 1_291_000_000_000_000 };
        key.FormerSecretUntil = request is { HasOverlapSeconds: true, OverlapSeconds: 0 } ? null : new Timestamp { UnixMicros = key.RotatedAt.UnixMicros + (request.OverlapSeconds * 1_000_000) };
        return Task.FromResult(new RotateKeyResponse { Key = key, Secret = $"new-{key.Id}" });
    }

    public Task<CreateBackupResponse> CreateBackupAsync(CreateBackupRequest request, CancellationToken cancel) => Task.FromResult(CreateBackup(request));

    public Task<ListBackupsResponse> ListBackupsAsync(ListBackupsRequest request, CancellationToken cancel) => Task.FromResult(new ListBackupsResponse { Backups = { Backups } });

    public void Dispose()
    {
    }

    private static CdpApiException NotFound() => new(CdpStatus.NotFound, "There is no such thing; check its name.", "NOT_FOUND");
}
