using Cdp.Gateway;
using Cdp.Gateway.Admin;
using Cdp.Grains.Erasures;
using Cdp.Grains.Identities;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.Node.Hosting;
using Cdp.Storage;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Node.Backups;

/// <summary>
/// Erases again, in a store that was restored, who was erased after the backup was made. <c>cdp restore</c> leaves a list; before
/// the node answers anybody, everything in it is carried out, and the list goes.
/// </summary>
/// <param name="directory">The data directory.</param>
/// <param name="states">The store's states.</param>
/// <param name="ports">What the gateway stands on.</param>
/// <param name="tenants">Deletes tenants.</param>
internal sealed class ErasuresAgain(string directory, IStateStore states, GatewayPorts ports, TenantEditor tenants)
{
    /// <summary>Name of the list in the data directory: a copy of the ledger.</summary>
    public const string FileName = "erase-again.jsonl";

    /// <summary>
    /// Kind of the states that say that an entry of the ledger was carried out here, be it that nobody was found; key
    /// <c>tenant/RECEIPT</c>. Who comes later with the same identifiers is somebody new.
    /// </summary>
    public const string DoneKind = "erased-again";

    /// <summary>Who asked for it, in the receipts.</summary>
    private const string Restore = "restore";

    private static readonly ReadOnlyMemory<byte> Done = new byte[] { 1 };

    /// <summary>Refuses a directory that was restored and never started: a copy would have who was erased, and not the list.</summary>
    /// <exception cref="StorageException">It has a list.</exception>
    public static void ThrowIfAny(NodeOptions place)
    {
        if (place.Postgres is null && File.Exists(Path.Combine(place.DataDirectory, FileName)))
            throw new StorageException($"'{NodeStore.Name(place)}' was restored and not started yet: who was erased after its backup is still in it. Start it once with 'cdp serve', then copy.");
    }

    /// <summary>Carries out what is listed.</summary>
    /// <returns>The customers that were erased, and the entries of the list; null where there is no list.</returns>
    public async Task<(int Erased, int Entries)?> RunAsync(CancellationToken cancellationToken)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path)) return null;
        var notes = await ErasureLedgerFile.ReadAsync(path, cancellationToken);

        // Who is in the log and not applied yet has no identifiers to be found by.
        await ReadTokens.WaitAsync(ports, await ReadTokens.OfNowAsync(ports, cancellationToken), cancellationToken);
        var erased = 0;
        foreach (var note in notes.Where(note => note.WholeTenant)) await DeleteAsync(note.Tenant, cancellationToken);
        foreach (var note in notes.Where(note => !note.WholeTenant)) erased += await EraseAsync(note, cancellationToken);
        ports.Steps.Reached(RecoverySteps.ErasuresRepeated);
        File.Delete(path);
        DiskFlush.Directory(Path.GetFullPath(directory));
        return (erased, notes.Count);
    }

    private async Task DeleteAsync(string tenant, CancellationToken cancellationToken)
    {
        // Or it was made after the backup was.
        if (await ports.Definitions.GetAsync(tenant, cancellationToken) is not null) await tenants.Removal.DeleteAsync(tenant, Restore, cancellationToken);
        ports.Steps.Reached(RecoverySteps.ErasureRepeated);
    }

    private async Task<int> EraseAsync(ErasureNote note, CancellationToken cancellationToken)
    {
        var key = $"{note.Tenant}/{note.Receipt}";
        var done = await states.ReadAsync(DoneKind, key, cancellationToken);
        if (done.Exists || (await states.ReadAsync(ErasureGrain.ReceiptKind, key, cancellationToken)).Exists) return 0;
        var (erased, customers) = (0, await FindAsync(note, cancellationToken));
        foreach (var customer in customers)
        {
            // The last one has the receipt's name: once that is there, nothing is left to be done.
            var request = new EraseRequest
            {
                Customer = customer, RequestedBy = Restore, Reason = $"erased before the restore: {note.Receipt}", ReceiptId = customer == customers[^1] ? note.Receipt : "",
            };
            if (await EraseAsync(note.Tenant, request, cancellationToken)) erased++;
        }

        await states.WriteAsync(DoneKind, key, Done, done.Tag, cancellationToken);
        ports.Steps.Reached(RecoverySteps.ErasureRepeated);
        return erased;
    }

    /// <summary>By identifiers: the person may have another id here, if it was drawn after the backup was made, or still have several.</summary>
    private async Task<List<string>> FindAsync(ErasureNote note, CancellationToken cancellationToken)
    {
        var customers = new List<string>();
        if (await ports.Definitions.GetAsync(note.Tenant, cancellationToken) is not { IsDeleted: false }) return customers;
        foreach (var identifier in note.Keys)
        {
            var link = await ports.Grains.Get<IIdentityLink>($"{note.Tenant}/{identifier}").Resolve(new ResolveLinkRequest(), cancellationToken);
            if (link.Customer.Length > 0 && !customers.Contains(link.Customer)) customers.Add(link.Customer);
        }

        return customers;
    }

    private async Task<bool> EraseAsync(string tenant, EraseRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return (await ports.Grains.Get<IErasure>(tenant).Erase(request, cancellationToken)).Found;
            }
            catch (TimeoutException)
            {
                // An engine gave the waiting up; the erasure goes on, and the next call waits for its end.
            }
        }
    }
}
