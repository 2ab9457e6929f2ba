using Cdp.Rpc;
using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Bench.Product;

/// <summary>
/// Answers <c>Profiles.GetProfile</c> with one fixed reply: parses the request, serialises the reply, and does nothing
/// else. What the transport costs.
/// </summary>
internal static class EchoServer
{
    public const string Command = "echo-server";

    /// <summary>Serves the reply that a file holds.</summary>
    public static async Task ServeAsync(string replyFile)
    {
        var reply = GetProfileResponse.Parser.ParseFrom(await File.ReadAllBytesAsync(replyFile));
        var service = RpcService.For(ProfilesReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Profiles"))
            .Unary<GetProfileRequest, GetProfileResponse>("GetProfile", (_, _) => new(reply))
            .Unary<BatchGetProfilesRequest, BatchGetProfilesResponse>("BatchGetProfiles", (_, _) => new(new BatchGetProfilesResponse()))
            .Unary<ListEventsRequest, ListEventsResponse>("ListEvents", (_, _) => new(new ListEventsResponse()));
        await using var server = await RpcServer.StartAsync(new RpcServerOptions { ErrorDomain = "bench" }, [service]);
        Console.WriteLine($"serving on http://{server.EndPoint}");
        await Task.Delay(Timeout.Infinite);
    }
}
