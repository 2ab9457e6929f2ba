using Cdp.Gateway.Admin;
using Cdp.Gateway.Audit;
using Cdp.Gateway.Keys;
using Cdp.Rpc;
using Cdp.V1;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace Cdp.Gateway.Operations;

/// <summary>What whoever runs the server does with all that it holds.</summary>
internal sealed class OperationsService(GatewayPorts ports, AuditTrail trail, TenantRemoval removal, AuditedCalls audited)
{
    private const int MostName = 64;

    private readonly CheckUp _checkUp = new(ports, trail, removal);

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(OperationsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Operations"))
        .Unary("CreateBackup", audited.Act<CreateBackupRequest, CreateBackupResponse>(CreateBackupAsync, r => r.Name))
        .Unary<ListBackupsRequest, ListBackupsResponse>("ListBackups", ListBackupsAsync)
        .Unary<CheckUpRequest, CheckUpResponse>("CheckUp", CheckUpAsync);

    private async ValueTask<CreateBackupResponse> CreateBackupAsync(CreateBackupRequest request, ServerCallContext context)
    {
        var backups = BackupsOf(context);
        if (request.Name.Length > MostName || !request.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            throw RpcError.InvalidField("name", $"Give at most {MostName} letters, digits, '-' and '_', or leave it empty for the time.", "BACKUP_NAME_INVALID").ToException();
        var (backup, refusal) = await GuardAsync(() => backups.CreateAsync(request.Name, context.CancellationToken));
        return refusal switch
        {
            null => new CreateBackupResponse { Backup = backup },
            BackupRefusal.Running => throw new RpcError(Code.FailedPrecondition, "Another backup is being made; wait until it has ended.")
            {
                Reason = "BACKUP_RUNNING",
            }.ToException(),
            BackupRefusal.NameTaken => throw new RpcError(Code.AlreadyExists, $"There is a backup \"{request.Name}\"; choose another name, or leave it empty for the time.")
            {
                Reason = "BACKUP_NAME_TAKEN", FieldViolations = [new FieldViolation("name", "Taken.")],
            }.ToException(),
            _ => throw Off(),
        };
    }

    private async ValueTask<ListBackupsResponse> ListBackupsAsync(ListBackupsRequest request, ServerCallContext context)
    {
        var backups = BackupsOf(context);
        return new ListBackupsResponse { Backups = { await GuardAsync(() => backups.ListAsync(context.CancellationToken)) ?? throw Off() } };
    }

    private async ValueTask<CheckUpResponse> CheckUpAsync(CheckUpRequest request, ServerCallContext context)
    {
        RequireOperator(context);
        return await _checkUp.RunAsync(context.CancellationToken);
    }

    private static void RequireOperator(ServerCallContext context)
    {
        if (!Authenticator.CallerOf(context).IsOperator)
            throw new RpcError(Code.PermissionDenied, "Only the operator's key may work on all that the server holds.") { Reason = "OPERATOR_ONLY" }.ToException();
    }

    private IBackups BackupsOf(ServerCallContext context)
    {
        RequireOperator(context);
        return ports.Backups ?? throw new RpcError(
            Code.FailedPrecondition, "This server's data are in a store with means of its own for backups: use those of the database (docs/backup.md says how, and what of erasures).")
        {
            Reason = "BACKUPS_ELSEWHERE",
        }.ToException();
    }

    private static async ValueTask<T> GuardAsync<T>(Func<ValueTask<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RpcError(Code.Unavailable, $"The directory of backups or the store cannot be read or written: {e.Message} Nothing is left of this backup.")
            {
                Reason = "BACKUP_FAILED",
            }.ToException();
        }
    }

    private static RpcException Off() =>
        new RpcError(Code.FailedPrecondition, "No directory of backups is configured: set BackupDirectory, or start `cdp serve` with --backups DIR.")
        {
            Reason = "BACKUPS_OFF",
        }.ToException();
}
