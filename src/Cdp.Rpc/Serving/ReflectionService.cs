using Google.Protobuf;
using Google.Rpc;
using Grpc.Reflection.V1;
using static Grpc.Reflection.V1.ServerReflectionRequest;
using V1Alpha = Grpc.Reflection.V1Alpha;

namespace Cdp.Rpc.Serving;

/// <summary>
/// The standard reflection of gRPC, under its name and its earlier one: tells clients without the .proto files what they declare, as far as
/// the server's services need them.
/// </summary>
/// <remarks>https://github.com/grpc/grpc/blob/master/doc/server-reflection.md.</remarks>
internal sealed class ReflectionService
{
    private readonly List<string> _names;
    private readonly ReflectionIndex _index;

    /// <summary>Makes the reflection of services, and of itself.</summary>
    /// <param name="services">The services.</param>
    public ReflectionService(IEnumerable<RpcService> services)
    {
        Google.Protobuf.Reflection.ServiceDescriptor[] own = [ReflectionReflection.Descriptor.Services[0], V1Alpha.ReflectionReflection.Descriptor.Services[0]];
        var all = services.Select(service => service.Descriptor).Concat(own).ToList();
        _names = [.. all.Select(service => service.FullName).Order(StringComparer.Ordinal)];
        _index = new ReflectionIndex(all);
    }

    /// <summary>The services of both names.</summary>
    public IEnumerable<RpcService> Bind() =>
    [
        RpcService.For(ReflectionReflection.Descriptor.Services[0]).WithoutGate()
            .DuplexStreaming<ServerReflectionRequest, ServerReflectionResponse>("ServerReflectionInfo", (requests, replies, _) => AnswerAsync(requests, replies, Answer)),
        RpcService.For(V1Alpha.ReflectionReflection.Descriptor.Services[0]).WithoutGate()
            .DuplexStreaming<V1Alpha.ServerReflectionRequest, V1Alpha.ServerReflectionResponse>("ServerReflectionInfo", (requests, replies, _) => AnswerAsync(requests, replies, Answer)),
    ];

    private static async Task AnswerAsync<TRequest, TReply>(IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TReply> replies, Func<TRequest, TReply> answer)
    {
        while (await requests.MoveNext()) await replies.WriteAsync(answer(requests.Current));
    }

    /// <summary>The earlier name's messages have the same bytes.</summary>
    private V1Alpha.ServerReflectionResponse Answer(V1Alpha.ServerReflectionRequest request) =>
        V1Alpha.ServerReflectionResponse.Parser.ParseFrom(Answer(Parser.ParseFrom(request.ToByteString())).ToByteString());

    private ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        var reply = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case MessageRequestOneofCase.ListServices:
                reply.ListServicesResponse = new ListServiceResponse { Service = { _names.Select(name => new ServiceResponse { Name = name }) } };
                break;
            case MessageRequestOneofCase.FileByFilename:
                SetFiles(reply, _index.File(request.FileByFilename));
                break;
            case MessageRequestOneofCase.FileContainingSymbol:
                SetFiles(reply, _index.FileOf(request.FileContainingSymbol));
                break;
            case MessageRequestOneofCase.FileContainingExtension:
                SetFiles(reply, _index.FileOf(request.FileContainingExtension.ContainingType, request.FileContainingExtension.ExtensionNumber));
                break;
            case MessageRequestOneofCase.AllExtensionNumbersOfType when _index.ExtensionsOf(request.AllExtensionNumbersOfType) is { } numbers:
                reply.AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = request.AllExtensionNumbersOfType, ExtensionNumber = { numbers } };
                break;
            case MessageRequestOneofCase.AllExtensionNumbersOfType:
                SetFiles(reply, files: null);
                break;
            default:
                reply.ErrorResponse = new ErrorResponse { ErrorCode = (int)Code.InvalidArgument, ErrorMessage = "The request asks for nothing that this server knows." };
                break;
        }

        return reply;
    }

    private static void SetFiles(ServerReflectionResponse reply, IReadOnlyList<ByteString>? files)
    {
        if (files is null) reply.ErrorResponse = new ErrorResponse { ErrorCode = (int)Code.NotFound, ErrorMessage = "No service of this server needs it." };
        else reply.FileDescriptorResponse = new FileDescriptorResponse { FileDescriptorProto = { files } };
    }
}
