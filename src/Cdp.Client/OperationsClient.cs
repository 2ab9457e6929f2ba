using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Operations</c>: what whoever runs the server does with all that it holds.</summary>
public sealed class OperationsClient(RpcChannel channel)
{
    private readonly ClientMethod<CreateBackupRequest, CreateBackupResponse> _createBackup = new(Service, "CreateBackup");
    private readonly ClientMethod<ListBackupsRequest, ListBackupsResponse> _listBackups = new(Service, "ListBackups");
    private readonly ClientMethod<CheckUpRequest, CheckUpResponse> _checkUp = new(Service, "CheckUp");

    private static ServiceDescriptor Service => OperationsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Operations");

    /// <summary>Makes a backup while the server goes on; it takes as long as the copying.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<CreateBackupResponse> CreateBackupAsync(CreateBackupRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_createBackup, request, options, cancellationToken);

    /// <summary>Looks at the server as an operator would.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<CheckUpResponse> CheckUpAsync(CheckUpRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_checkUp, request, options, cancellationToken);

    /// <summary>Lists the backups.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListBackupsResponse> ListBackupsAsync(ListBackupsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listBackups, request, options, cancellationToken);
}
