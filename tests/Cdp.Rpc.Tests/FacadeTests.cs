using Cdp.Client;
using Cdp.V1;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

/// <summary>The typed client against services that answer with what they were asked.</summary>
public sealed class FacadeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Services => ["Ingest", "Profiles", "Identities", "Admin"];

    [Theory]
    [MemberData(nameof(Services))]
    public void The_client_has_a_method_for_every_method_of_the_API(string service)
    {
        var descriptor = new[] { IngestReflection.Descriptor, ProfilesReflection.Descriptor, IdentitiesReflection.Descriptor, AdminReflection.Descriptor }
            .SelectMany(file => file.Services).Single(candidate => candidate.Name == service);
        var methods = typeof(CdpClient).GetProperty(service)!.PropertyType.GetMethods();

        Assert.All(descriptor.Methods, method => Assert.Contains(methods, candidate => candidate.Name == NameOf(method)));

        static string NameOf(MethodDescriptor method) => method.IsClientStreaming ? method.Name : method.Name + "Async";
    }

    [Fact]
    public async Task Events_are_published_with_the_key()
    {
        await using var server = await StartAsync();
        using var client = new CdpClient(new Uri($"http://127.0.0.1:{server.Port}"), "secret");
        using var stranger = new CdpClient(new Uri($"http://127.0.0.1:{server.Port}"), "guess");
        var request = new PublishEventsRequest { Events = { new Event { Id = "1" }, new Event { Id = "2" } } };

        Assert.Equal(2, (await client.Ingest.PublishEventsAsync(request, cancellationToken: Cancel)).Accepted);
        var error = await Assert.ThrowsAsync<CallException>(() => stranger.Ingest.PublishEventsAsync(request, cancellationToken: Cancel));
        Assert.Equal(Code.Unauthenticated, error.StatusCode);
    }

    [Fact]
    public async Task Events_are_streamed_and_acknowledged_in_order()
    {
        await using var server = await StartAsync();
        using var client = new CdpClient(new Uri($"http://127.0.0.1:{server.Port}"), "secret");
        await using var stream = client.Ingest.StreamEvents(cancellationToken: Cancel);
        for (var sequence = 1; sequence <= 20; sequence++)
        {
            await stream.WriteAsync(new StreamEventsRequest { Sequence = sequence, Events = { new Event { Id = "e" } } }, Cancel);
        }

        await stream.CompleteAsync();

        var acknowledged = await stream.ReadAllAsync(Cancel).Select(reply => (reply.Sequence, reply.Result.Accepted)).ToListAsync(Cancel);
        Assert.Equal(Enumerable.Range(1, 20).Select(sequence => ((long)sequence, 1)), acknowledged);
    }

    [Theory]
    [InlineData("localhost:80")]
    [InlineData("ftp://localhost")]
    public void An_address_must_be_one_of_HTTP(string address) =>
        Assert.Throws<ArgumentException>(() => new CdpClient(new Uri(address), "secret"));

    [Fact]
    public void Options_do_not_print_the_key() =>
        Assert.DoesNotContain("secret", new RpcChannelOptions { BearerToken = "secret" }.ToString(), StringComparison.Ordinal);

    private static Task<RpcServer> StartAsync()
    {
        var ingest = RpcService.For(IngestReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Ingest"))
            .Unary<PublishEventsRequest, PublishEventsResponse>(
                "PublishEvents", (request, _) => new(new PublishEventsResponse { Accepted = request.Events.Count }))
            .DuplexStreaming<StreamEventsRequest, StreamEventsResponse>("StreamEvents", async (requests, replies, context) =>
            {
                await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
                {
                    await replies.WriteAsync(new StreamEventsResponse
                    {
                        Sequence = request.Sequence,
                        Result = new PublishEventsResponse { Accepted = request.Events.Count },
                    });
                }
            });
        CallGate gate = context => context.GetHeader("authorization") == "Bearer secret"
            ? default
            : new(new RpcError(Code.Unauthenticated, "The key is unknown."));
        return RpcServer.StartAsync(new RpcServerOptions { ErrorDomain = "probe", Gate = gate }, [ingest], Cancel);
    }
}
