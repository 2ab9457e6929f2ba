using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Audits</c>: who changed what, and who read whom.</summary>
public sealed class AuditsClient(RpcChannel channel)
{
    private readonly ClientMethod<ListAuditRecordsRequest, ListAuditRecordsResponse> _listAuditRecords = new(Service, "ListAuditRecords");
    private readonly ClientMethod<ReadAuditBlocksRequest, ReadAuditBlocksResponse> _readAuditBlocks = new(Service, "ReadAuditBlocks");

    private static ServiceDescriptor Service => AuditReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Audits");

    /// <summary>Lists records, oldest first.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListAuditRecordsResponse> ListAuditRecordsAsync(ListAuditRecordsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listAuditRecords, request, options, cancellationToken);

    /// <summary>Reads the blocks of the chain as they are kept, oldest first.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public IAsyncEnumerable<ReadAuditBlocksResponse> ReadAuditBlocksAsync(ReadAuditBlocksRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.ServerStreamingAsync(_readAuditBlocks, request, options, cancellationToken);
}
