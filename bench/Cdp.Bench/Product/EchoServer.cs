using Cdp.Rpc;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cdp.Bench.Product;

/// <summary>
/// Answers one method with one fixed reply: parses the request, serialises the reply, and does nothing else. What the
/// transport costs.
/// </summary>
internal static class EchoServer
{
    public const string Command = "echo-server";

    /// <summary>Has <c>Profiles.GetProfile</c> answered.</summary>
    public const string GetProfile = "GetProfile";

    /// <summary>Has <c>Decisions.Decide</c> answered.</summary>
    public const string Decide = "Decide";

    /// <summary>Serves the reply of a method that a file holds.</summary>
    public static async Task ServeAsync(string method, string replyFile)
    {
        var reply = await File.ReadAllBytesAsync(replyFile);
        var service = method == Decide ? Decisions(DecideResponse.Parser.ParseFrom(reply)) : Profiles(GetProfileResponse.Parser.ParseFrom(reply));
        await using var server = await RpcServer.StartAsync(new RpcServerOptions { ErrorDomain = "bench" }, [service]);
        Console.WriteLine($"serving on http://{server.EndPoint}");
        await Task.Delay(Timeout.Infinite);
    }

    private static RpcService Profiles(GetProfileResponse reply) =>
        RpcService.For(ProfilesReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Profiles"))
            .Unary<GetProfileRequest, GetProfileResponse>(GetProfile, (_, _) => new(reply))
            .Mute<BatchGetProfilesRequest, BatchGetProfilesResponse>("BatchGetProfiles")
            .Mute<ListEventsRequest, ListEventsResponse>("ListEvents");

    private static RpcService Decisions(DecideResponse reply) =>
        RpcService.For(DecisionsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Decisions"))
            .Unary<DecideRequest, DecideResponse>(Decide, (_, _) => new(reply))
            .Mute<PutActionRequest, PutActionResponse>("PutAction")
            .Mute<GetActionRequest, GetActionResponse>("GetAction")
            .Mute<ListActionsRequest, ListActionsResponse>("ListActions")
            .Mute<DeleteActionRequest, DeleteActionResponse>("DeleteAction")
            .Mute<PutPlacementRequest, PutPlacementResponse>("PutPlacement")
            .Mute<GetPlacementRequest, GetPlacementResponse>("GetPlacement")
            .Mute<ListPlacementsRequest, ListPlacementsResponse>("ListPlacements")
            .Mute<RecordOutcomesRequest, RecordOutcomesResponse>("RecordOutcomes")
            .Mute<ExplainDecisionRequest, ExplainDecisionResponse>("ExplainDecision")
            .Mute<ListDecisionsRequest, ListDecisionsResponse>("ListDecisions");

    private static RpcService Mute<TRequest, TReply>(this RpcService service, string method)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply>, new() => service.Unary<TRequest, TReply>(method, static (_, _) => new(new TReply()));
}
