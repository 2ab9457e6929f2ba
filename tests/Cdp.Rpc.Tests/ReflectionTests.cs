using Cdp.Client;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Reflection.V1;
using static Grpc.Reflection.V1.ServerReflectionResponse;
using V1Alpha = Grpc.Reflection.V1Alpha;

namespace Cdp.Rpc.Tests;

/// <summary>What a server says of its services. Foreign clients that call methods with nothing but that: ForeignClientTests.</summary>
public sealed class ReflectionTests(ProbeServer server) : IClassFixture<ProbeServer>
{
    private static readonly ClientMethod<ServerReflectionRequest, ServerReflectionResponse> Info = new(ReflectionReflection.Descriptor.Services[0], "ServerReflectionInfo");
    private static readonly ClientMethod<V1Alpha.ServerReflectionRequest, V1Alpha.ServerReflectionResponse> EarlierInfo = new(V1Alpha.ReflectionReflection.Descriptor.Services[0], "ServerReflectionInfo");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_services_are_listed()
    {
        var reply = await AskAsync(new ServerReflectionRequest { Host = "here", ListServices = "*" });

        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "probe.v1.Probe"],
            reply.ListServicesResponse.Service.Select(service => service.Name));
        Assert.Equal(("here", "*"), (reply.ValidHost, reply.OriginalRequest.ListServices));
    }

    [Theory]
    [InlineData("probe.v1.Probe")]
    [InlineData("probe.v1.Probe.Echo")]
    [InlineData("probe.v1.Payload")]
    [InlineData("probe.v1.Payload.text")]
    public async Task A_symbol_leads_to_its_file(string symbol) =>
        Assert.Equal([ProbeReflection.Descriptor.Name], FilesOf(await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol })));

    [Theory]
    [InlineData("grpc.health.v1.HealthCheckResponse.ServingStatus")]
    [InlineData("grpc.health.v1.HealthCheckResponse.SERVING")]
    public async Task So_does_what_stands_within_a_message(string symbol) =>
        Assert.Equal(["grpc/health/v1/health.proto"], FilesOf(await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol })));

    [Fact]
    public async Task A_file_has_a_name_and_comes_with_what_it_imports()
    {
        var reply = await AskAsync(new ServerReflectionRequest { FileByFilename = ProbeReflection.Descriptor.Name });
        var descriptors = FileDescriptor.BuildFromByteStrings(reply.FileDescriptorResponse.FileDescriptorProto);

        Assert.Equal(ProbeReflection.Descriptor.Services[0].Methods.Select(method => method.Name), descriptors[^1].Services[0].Methods.Select(method => method.Name));
    }

    [Fact]
    public async Task What_is_not_there_is_said_so_and_the_stream_goes_on()
    {
        await using var call = server.Channel.DuplexStreaming(Info, cancellationToken: Cancel);
        foreach (var (request, code) in ((ServerReflectionRequest, Code)[])
        [
            (new() { FileContainingSymbol = "probe.v1.Nothing" }, Code.NotFound), (new() { FileByFilename = "nothing.proto" }, Code.NotFound), (new() { AllExtensionNumbersOfType = "nothing" }, Code.NotFound),
            (new() { FileContainingExtension = new ExtensionRequest { ContainingType = "probe.v1.Payload", ExtensionNumber = 1 } }, Code.NotFound), (new(), Code.InvalidArgument),
        ])
        {
            await call.WriteAsync(request, Cancel);
            var reply = await call.ReadAsync(Cancel);
            Assert.Equal((MessageResponseOneofCase.ErrorResponse, (int)code), (reply!.MessageResponseCase, reply.ErrorResponse.ErrorCode));
            Assert.Equal(request, reply.OriginalRequest);
        }

        await call.WriteAsync(new ServerReflectionRequest { AllExtensionNumbersOfType = "probe.v1.Payload" }, Cancel);
        Assert.Empty((await call.ReadAsync(Cancel))!.AllExtensionNumbersResponse.ExtensionNumber);
        await call.CompleteAsync();
        Assert.Null(await call.ReadAsync(Cancel));
    }

    [Fact]
    public async Task The_earlier_name_answers_the_same()
    {
        await using var call = server.Channel.DuplexStreaming(EarlierInfo, cancellationToken: Cancel);
        await call.WriteAsync(new V1Alpha.ServerReflectionRequest { FileContainingSymbol = "probe.v1.Probe" }, Cancel);
        var reply = await call.ReadAsync(Cancel);

        Assert.Equal((await AskAsync(new ServerReflectionRequest { FileContainingSymbol = "probe.v1.Probe" })).FileDescriptorResponse.FileDescriptorProto, reply!.FileDescriptorResponse.FileDescriptorProto);
    }

    [Fact]
    public async Task It_needs_no_key_and_can_be_switched_off()
    {
        await using var gated = await ProbeServer.StartAsync(_ => new(new RpcError(Code.Unauthenticated, "Send a key.")));
        Assert.NotEmpty((await AskAsync(new ServerReflectionRequest { ListServices = "" }, gated)).ListServicesResponse.Service);

        await using var silent = new ProbeServer { Reflection = false };
        await silent.InitializeAsync();
        var refused = await Assert.ThrowsAsync<CallException>(() => AskAsync(new ServerReflectionRequest { ListServices = "" }, silent));
        Assert.Equal(Code.Unimplemented, refused.StatusCode);
    }

    private static IEnumerable<string> FilesOf(ServerReflectionResponse reply) =>
        reply.FileDescriptorResponse.FileDescriptorProto.Select(file => FileDescriptorProto.Parser.ParseFrom(file).Name);

    private async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request, ProbeServer? other = null)
    {
        await using var call = (other ?? server).Channel.DuplexStreaming(Info, cancellationToken: Cancel);
        await call.WriteAsync(request, Cancel);
        var reply = await call.ReadAsync(Cancel);
        return reply ?? throw new InvalidOperationException("No answer.");
    }
}
