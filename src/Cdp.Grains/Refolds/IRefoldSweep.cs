using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Refolds;

/// <summary>
/// Brings a tenant's customers to its newest definitions, and to the fold of the running binary, also those that nobody
/// touches. Key: the tenant.
/// </summary>
public interface IRefoldSweep
{
    /// <summary>
    /// Makes sure that every customer gets there: begins where something changed since the last sweep or the request says
    /// so, goes on where one was interrupted, else does nothing. Returns at once and says how far it is.
    /// </summary>
    ValueTask<SweepReply> Sweep(SweepRequest request, CancellationToken cancellationToken);

    /// <summary>Says how far it is, without beginning anything and without waiting for a visit that runs.</summary>
    [Interleaves]
    ValueTask<SweepReply> GetProgress(SweepRequest request, CancellationToken cancellationToken);
}
