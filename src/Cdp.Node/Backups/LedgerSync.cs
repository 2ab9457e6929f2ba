using Cdp.Grains.Erasures;
using Cdp.Grains.Identities;
using Cdp.Grains.Ports;
using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.Storage;
using Cdp.V1;

namespace Cdp.Node.Backups;

/// <summary>
/// Notes the erasures that the store has receipts of and the ledger does not know: of the time before the ledger was configured,
/// or after its file was lost.
/// </summary>
internal sealed class LedgerSync(IStore store, IGrains grains, ErasureLedgerFile ledger)
{
    private const int AtOnce = 500;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await NoteTenantsAsync(cancellationToken);
        var after = "";
        while (await store.Maintenance.StateKeysAsync(ErasureGrain.ReceiptKind, after, AtOnce, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var key in page)
            {
                var (tenant, id) = Cdp.Grains.GrainCatalog.PartsOf(key);
                if (!ledger.Has(tenant, id)) await NoteAsync(tenant, key, cancellationToken);
            }

            after = page[^1];
        }
    }

    private async Task NoteTenantsAsync(CancellationToken cancellationToken)
    {
        var after = "";
        while (await store.Maintenance.StateKeysAsync(TenantGrain.StateKind, after, AtOnce, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var tenant in page.Where(tenant => !ledger.Has(tenant, "")))
            {
                var row = await store.State.ReadAsync(TenantGrain.StateKind, tenant, cancellationToken);
                if (TenantConfig.Parser.ParseFrom(row.Value.Span).Tenant.Deletion is { EndedAt: not null } deletion) await ledger.NoteAsync(ErasureNote.OfTenant(deletion), cancellationToken);
            }

            after = page[^1];
        }
    }

    private async Task NoteAsync(string tenant, string key, CancellationToken cancellationToken)
    {
        var row = await store.State.ReadAsync(ErasureGrain.ReceiptKind, key, cancellationToken);
        if (!row.Exists) return;
        var receipt = ErasureReceipt.Parser.ParseFrom(StoredReceipt.Parser.ParseFrom(row.Value.Span).Receipt);

        // What was decided once is only told again.
        var decided = await grains.Get<IIdentity>(tenant).Erase(new EraseIdentityRequest { Customer = receipt.CustomerIds[0], At = receipt.RequestedAt.UnixMicros }, cancellationToken);
        if (decided.Found) await ledger.NoteAsync(new ErasureNote(tenant, receipt.Id, [.. receipt.CustomerIds], [.. decided.Erased.Keys], receipt.ErasedAt.UnixMicros), cancellationToken);
    }
}
