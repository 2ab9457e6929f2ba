using System.Net;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using Cdp.Rpc;
using Cdp.Silo.Membership;
using Cdp.V1;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using static Cdp.Bench.Cluster.Silos.ChildSilo;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Cdp.Bench.Cluster.Silos;

/// <summary>
/// Gateway and silo in one process like the product's, and nothing of the product between them: a call over gRPC is one call
/// of an echo grain, or one for each customer of a batch of events. What Orleans and the transport cost.
/// </summary>
internal static class EchoSilo
{
    /// <summary>Names it on the command line.</summary>
    public const string Command = "echo-silo";

    /// <summary>Serves until the process is told to end.</summary>
    /// <param name="replyFile">Holds the encoded <see cref="GetProfileResponse"/> to answer.</param>
    public static async Task ServeAsync(string replyFile)
    {
        using var meter = new OrleansMeter();
        var reply = ByteString.CopyFrom(await File.ReadAllBytesAsync(replyFile));
        await using var connections = NpgsqlDataSource.Create(Cdp.Storage.Postgres.PostgresAddress.Parse(Settings.Postgres!));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddSimpleConsole().SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton(new ReadProfileReply { Profile = reply }).AddPlainMessages();
        builder.Services.AddSingleton<IMembershipTable>(new PostgresMembershipTable(connections, Settings.Cluster));
        builder.Host.UseOrleans(silo => silo
            .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (Settings.Cluster, "echo"))
            .ConfigureEndpoints(IPAddress.Loopback, Settings.SiloPort, gatewayPort: 0));
        await using var application = builder.Build();
        application.MapGet(CountersPath, meter.Read);
        await application.StartAsync();
        var grains = application.Services.GetRequiredService<IGrainFactory>();
        await using var server = await RpcServer.StartAsync(new RpcServerOptions { ErrorDomain = "bench", MaxRequestBytes = 8 << 20 }, [Profiles(grains), Ingest(grains)]);
        Announce(application, $"http://{server.EndPoint}");
        await application.WaitForShutdownAsync();
    }

    private static RpcService Profiles(IGrainFactory grains)
    {
        return RpcService.For(ProfilesReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Profiles"))
            .UnaryEncoded<GetProfileRequest>("GetProfile", (request, _) => ReadAsync(request))
            .Unary<BatchGetProfilesRequest, BatchGetProfilesResponse>("BatchGetProfiles", static (_, _) => throw NoPart())
            .Unary<ListEventsRequest, ListEventsResponse>("ListEvents", static (_, _) => throw NoPart());

        async ValueTask<ReadOnlyMemory<byte>> ReadAsync(GetProfileRequest request) =>
            (await grains.GetGrain<IEchoGrain>(request.Customer.Identifier.Value).Read(new ReadProfileRequest { Purpose = request.Purpose })).Profile.Memory;
    }

    private static RpcService Ingest(IGrainFactory grains)
    {
        return RpcService.For(IngestReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Ingest"))
            .Unary<PublishEventsRequest, PublishEventsResponse>("PublishEvents", (request, _) => PublishAsync(request))
            .DuplexStreaming<StreamEventsRequest, StreamEventsResponse>("StreamEvents", static (_, _, _) => throw NoPart());

        async ValueTask<PublishEventsResponse> PublishAsync(PublishEventsRequest request)
        {
            var replies = await Task.WhenAll(request.Events.GroupBy(made => made.Identifiers[0].Value, StringComparer.Ordinal)
                .Select(customer => grains.GetGrain<IEchoGrain>(customer.Key).Publish(new PublishEventsRequest { Events = { customer } }).AsTask()));
            return new PublishEventsResponse { Accepted = replies.Sum(reply => reply.Accepted) };
        }
    }

    private static RpcException NoPart() => new(Google.Rpc.Code.Unimplemented, "Not part of the baseline.");
}
