using Cdp.EngineContract;
using Cdp.Gateway.Keys;
using Cdp.Grains.Refolds;
using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Gateway.Tests.Segments;

/// <summary>What the tests of segments say to a server.</summary>
internal static class SegmentCalls
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<Segment> PutAsync(this GatewayFixture server, string id, string expression) =>
        (await server.Client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = new Segment { Id = id, Expression = expression } }, cancellationToken: Cancel)).Segment;

    public static async Task<CountMembersResponse> CountAsync(this GatewayFixture server, string segment, string token = "") =>
        await server.Client.Segments.CountMembersAsync(new CountMembersRequest { Segment = segment, AfterToken = token }, cancellationToken: Cancel);

    public static async Task<ListMembersResponse> MembersAsync(this GatewayFixture server, string segment, string token = "") =>
        await server.Client.Segments.ListMembersAsync(new ListMembersRequest { Segment = segment, AfterToken = token }, cancellationToken: Cancel);

    public static async Task<ListMembershipsResponse> MembershipsAsync(this GatewayFixture server, CustomerRef customer, string token = "") =>
        await server.Client.Segments.ListMembershipsAsync(new ListMembershipsRequest { Customer = customer, Purpose = "service", AfterToken = token }, cancellationToken: Cancel);

    public static async Task<ExplainMembershipResponse> ExplainAsync(this GatewayFixture server, string segment, CustomerRef customer, string token = "", string purpose = "service") =>
        await server.Client.Segments.ExplainMembershipAsync(
            new ExplainMembershipRequest { Segment = segment, Customer = customer, Purpose = purpose, AfterToken = token }, cancellationToken: Cancel);

    /// <summary>Lets time pass until all customers are evaluated under the newest definitions.</summary>
    public static async Task<CountMembersResponse> BackfilledAsync(this GatewayFixture server, string segment, ManualTime time)
    {
        var count = await server.CountAsync(segment);
        for (var second = 0; second < 600 && !count.Backfill.Done; second++)
        {
            // The call waits for a visit that runs.
            time.Advance(TimeSpan.FromSeconds(1));
            await server.Host.Grains.Get<IRefoldSweep>(ApiKeys.OperatorTenant).Sweep(new SweepRequest(), Cancel);
            count = await server.CountAsync(segment);
        }

        Assert.True(count.Backfill.Done);
        Assert.Equal(1, count.Backfill.Progress);
        return count;
    }
}
