using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Erasures;

/// <summary>Carries out a tenant's erasures, one after the other. Key: the tenant.</summary>
public interface IErasure
{
    /// <summary>Erases a customer; returns when nothing is left to read. Erasing again goes on where an earlier attempt stopped, or
    /// returns its receipt.</summary>
    ValueTask<EraseReply> Erase(EraseRequest request, CancellationToken cancellationToken);

    /// <summary>Ends the erasures that a stop interrupted.</summary>
    ValueTask<ResumeErasuresReply> Resume(ResumeErasuresRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the receipt of an erasure.</summary>
    [Interleaves]
    ValueTask<ReadReceiptReply> ReadReceipt(ReadReceiptRequest request, CancellationToken cancellationToken);
}
