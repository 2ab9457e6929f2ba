using Cdp.Domain.Identity;
using Cdp.Domain.Segments;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Admin;
using Cdp.Gateway.Audit;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Keys;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Segments;

/// <summary>Audiences: what they are, who is in them, and why.</summary>
internal sealed class SegmentsService(GatewayPorts ports, CustomerFinder finder, ConsentGate consents, TenantEditor tenants, AuditedCalls audited)
{
    private const int DefaultPage = 100;

    private readonly SegmentMembers _members = new(ports);

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(Cdp.V1.SegmentsReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Segments"))
        .Unary("PutSegment", audited.Act<PutSegmentRequest, PutSegmentResponse>(PutSegmentAsync, r => r.ValidateOnly ? null : r.Segment?.Id ?? ""))
        .Unary<GetSegmentRequest, GetSegmentResponse>("GetSegment", GetSegmentAsync)
        .Unary<ListSegmentsRequest, ListSegmentsResponse>("ListSegments", ListSegmentsAsync)
        .Unary("DeleteSegment", audited.Act<DeleteSegmentRequest, DeleteSegmentResponse>(DeleteSegmentAsync, r => r.Id))
        .Unary("ListMembers", audited.Read<ListMembersRequest, ListMembersResponse>(ListMembersAsync, (r, _) => r.Segment, fields: "members"))
        .Unary<CountMembersRequest, CountMembersResponse>("CountMembers", CountMembersAsync)
        .Unary("ListMemberships", audited.Read<ListMembershipsRequest, ListMembershipsResponse>(ListMembershipsAsync, (_, reply) => reply.CustomerId, r => r.Purpose, "segments"))
        .Unary("ExplainMembership", audited.Read<ExplainMembershipRequest, ExplainMembershipResponse>(ExplainMembershipAsync, (_, reply) => reply.CustomerId, r => r.Purpose, "segments"));

    private async ValueTask<PutSegmentResponse> PutSegmentAsync(PutSegmentRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var segment = request.Segment ?? throw RpcError.InvalidField("segment", "Give a segment.", TenantReasons.FieldInvalid).ToException();
        var change = new ChangeTenantRequest { PutSegment = segment };
        if (!request.ValidateOnly)
        {
            var stored = await tenants.ChangeAsync(caller.Tenant, change, context.CancellationToken);
            return new PutSegmentResponse { Segment = Put(stored), Backfill = await BackfillAsync(caller, context.CancellationToken) };
        }

        var (config, refusal) = TenantChanges.Apply(caller.Definitions.Config, caller.Tenant, change, ports.NowMicros);
        return config is null ? throw TenantEditor.Refused(refusal!) : new PutSegmentResponse { Segment = Put(config) };

        Segment Put(TenantConfig config) => config.Segments.First(s => s.Segment.Id == segment.Id).Segment;
    }

    private async ValueTask<GetSegmentResponse> GetSegmentAsync(GetSegmentRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var segment = Find(caller, request.Id, "id");
        var (members, backfill) = await CountAsync(caller, segment, newest: false, context.CancellationToken);
        return new GetSegmentResponse { Segment = segment.Definition, Members = members, Backfill = backfill, Problem = segment.Problem };
    }

    private static ValueTask<ListSegmentsResponse> ListSegmentsAsync(ListSegmentsRequest request, ServerCallContext context)
    {
        var isToken = request.PageToken.Length == 0 || IdentifierNormalizer.IsNamespace(request.PageToken);
        var size = Pages.SizeOf(request.PageSize, DefaultPage, isToken);
        var left = Authenticator.CallerOf(context).Definitions.Segments.All.Select(s => s.Definition)
            .Where(s => string.CompareOrdinal(s.Id, request.PageToken) > 0)
            .OrderBy(s => s.Id, StringComparer.Ordinal).ToList();
        var response = new ListSegmentsResponse { NextPageToken = left.Count > size ? left[size - 1].Id : string.Empty };
        response.Segments.AddRange(left.Take(size));
        return new(response);
    }

    private async ValueTask<DeleteSegmentResponse> DeleteSegmentAsync(DeleteSegmentRequest request, ServerCallContext context)
    {
        await tenants.ChangeAsync(Authenticator.CallerOf(context).Tenant, new ChangeTenantRequest { DeleteSegment = request }, context.CancellationToken);
        return new DeleteSegmentResponse();
    }

    private async ValueTask<ListMembersResponse> ListMembersAsync(ListMembersRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var segment = Find(caller, request.Segment, "segment");
        var isToken = SegmentMembers.TryReadToken(request.PageToken, out var after);
        var size = Pages.SizeOf(request.PageSize, DefaultPage, isToken);
        await ReadTokens.WaitMirroredAsync(ports, request.AfterToken, context.CancellationToken);
        return await _members.ListAsync(caller, segment, after, size, request.AfterToken.Length > 0, context.CancellationToken);
    }

    private async ValueTask<CountMembersResponse> CountMembersAsync(CountMembersRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var segment = Find(caller, request.Segment, "segment");
        await ReadTokens.WaitMirroredAsync(ports, request.AfterToken, context.CancellationToken);
        var (members, backfill) = await CountAsync(caller, segment, request.AfterToken.Length > 0, context.CancellationToken);
        return new CountMembersResponse { Members = members, Backfill = backfill };
    }

    private async ValueTask<ListMembershipsResponse> ListMembershipsAsync(ListMembershipsRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var read = new ReadMembershipRequest { Purpose = PurposeOf(caller, request.Purpose) };
        var reply = await ReadAsync(caller, request.Customer, read, request.AfterToken, context.CancellationToken);
        var response = new ListMembershipsResponse { CustomerId = reply.CustomerId, Status = StatusOf(reply) };

        // A segment that was deleted meanwhile is none.
        response.Memberships.AddRange(reply.Segments.Select(number => caller.Definitions.Segments.Find((int)number)?.Definition).OfType<Segment>()
            .OrderBy(s => s.Id, StringComparer.Ordinal)
            .Select(s => new Membership { Segment = s.Id, DisplayName = s.DisplayName, SegmentVersion = s.Version }));
        return response;
    }

    private async ValueTask<ExplainMembershipResponse> ExplainMembershipAsync(ExplainMembershipRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var segment = Find(caller, request.Segment, "segment");
        var read = new ReadMembershipRequest { Explain = segment.Stored.Number, Purpose = PurposeOf(caller, request.Purpose) };
        var reply = await ReadAsync(caller, request.Customer, read, request.AfterToken, context.CancellationToken);
        return new ExplainMembershipResponse
        {
            CustomerId = reply.CustomerId,
            Member = reply.Segments.Contains(segment.Stored.Number),
            SegmentVersion = segment.Definition.Version,
            Explanation = reply.Explanation,
            Status = StatusOf(reply),
            ConsentMissing = reply.ConsentMissing,
        };
    }

    private async ValueTask<ReadMembershipReply> ReadAsync(
        Caller caller, CustomerRef? customer, ReadMembershipRequest read, string afterToken, CancellationToken cancellationToken)
    {
        await ReadTokens.WaitAsync(ports, afterToken, cancellationToken);
        read.Newest = afterToken.Length > 0;
        var reply = await finder.CallAsync(
            caller, customer, "customer", static (customer, read, cancellationToken) => customer.ReadMembership(read, cancellationToken), read,
            static r => (r.Standing, r.ForwardedTo), cancellationToken) ?? throw CustomerFinder.NotFound();
        await consents.RequireAsync(caller, customer, read.Purpose, read.Newest, cancellationToken);
        return reply;
    }

    private async ValueTask<(long Members, Backfill Backfill)> CountAsync(Caller caller, CompiledSegment segment, bool newest, CancellationToken cancellationToken)
    {
        // In this order a count beside a backfill that is done is a count after it.
        var backfill = await BackfillAsync(caller, cancellationToken);
        return (await _members.CountAsync(caller, segment, newest, cancellationToken), backfill);
    }

    private async ValueTask<Backfill> BackfillAsync(Caller caller, CancellationToken cancellationToken)
    {
        var sweep = await tenants.ProgressAsync(caller.Tenant, cancellationToken);
        return new Backfill { Done = sweep.Done, Customers = sweep.Visited, Progress = sweep.Progress };
    }

    private static string PurposeOf(Caller caller, string named)
    {
        var purpose = ReadPurposes.Of(caller, named);
        return caller.Definitions.MaySee(purpose, ProfileFields.Segments) ? purpose : throw ReadPurposes.Withheld(purpose, ProfileFields.Segments);
    }

    private static ValueStatus StatusOf(ReadMembershipReply reply) => reply.Stale ? ValueStatus.Stale : ValueStatus.Ok;

    private static CompiledSegment Find(Caller caller, string id, string field) =>
        caller.Definitions.Segments.Find(id) ?? throw new RpcError(Code.NotFound, $"{field}: There is no such segment; ListSegments names them, PutSegment makes one.")
        {
            Reason = TenantReasons.SegmentUnknown,
        }.ToException();
}
