using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Audit;

/// <summary>A tenant's audit log, and its one writer. Key: the tenant.</summary>
public interface IAudit
{
    /// <summary>Writes records; durable when it returns. A batch that was written before is not written again.</summary>
    ValueTask<AppendAuditReply> Append(AppendAuditRequest request, CancellationToken cancellationToken);

    /// <summary>Reads blocks, oldest first.</summary>
    [Interleaves]
    ValueTask<ReadAuditReply> Read(ReadAuditRequest request, CancellationToken cancellationToken);
}
