using Cdp.V1;

namespace Cdp.Grains.Ports;

/// <summary>What is known of an erasure outside of the store: nothing that says anything about the person.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Receipt">Id of the receipt.</param>
/// <param name="Customers">Ids that were drawn for the customer.</param>
/// <param name="Keys">
/// Keyed hashes of its identifiers: in an older copy of the store the same person may have another id, or several.
/// </param>
/// <param name="ErasedAt">When it ended, in microseconds since the epoch.</param>
/// <param name="WholeTenant">It was the tenant that was deleted, with everybody: no receipt, no ids and no hashes are needed.</param>
public sealed record ErasureNote(string Tenant, string Receipt, IReadOnlyList<string> Customers, IReadOnlyList<string> Keys, long ErasedAt, bool WholeTenant = false)
{
    /// <summary>What is noted of a tenant's deletion, once it ended.</summary>
    public static ErasureNote OfTenant(TenantDeletion deletion) => new(deletion.TenantId, string.Empty, [], [], deletion.EndedAt.UnixMicros, WholeTenant: true);
}

/// <summary>Where erasures are noted outside of the store, so that a restored copy of it can be told of them.</summary>
public interface IErasureLedger
{
    /// <summary>Notes an erasure, unless it is noted already. Durable when it returns.</summary>
    /// <exception cref="ErasureLedgerException">It cannot be noted now.</exception>
    ValueTask NoteAsync(ErasureNote note, CancellationToken cancellationToken);
}

/// <summary>An erasure cannot be noted now; it is to be ended when it can.</summary>
public sealed class ErasureLedgerException(string message, Exception inner) : IOException(message, inner);
