using Cdp.Grains.Customers;
using Cdp.Grains.Ports;

namespace Cdp.Grains.Identities;

/// <summary>Which events some erased customers had, by the hashes of their ids: those asked for last are kept.</summary>
internal sealed class ErasedEventIds(IHistory history, string tenant)
{
    private const int MostCustomers = 64;

    private readonly Dictionary<string, HashSet<UInt128>> _known = new(StringComparer.Ordinal);

    /// <summary>Reads what is not known of some customers.</summary>
    /// <returns>Whether it read something, so that meanwhile others may have been erased.</returns>
    /// <exception cref="GrainUnavailableException">An erasure has not come so far.</exception>
    public async ValueTask<bool> LoadAsync(IEnumerable<string> customers, CancellationToken cancellationToken)
    {
        var missing = customers.Where(customer => !_known.ContainsKey(customer)).Distinct(StringComparer.Ordinal).ToArray();
        if (missing.Length == 0) return false;
        if (_known.Count + missing.Length > MostCustomers) _known.Clear();
        foreach (var customer in missing) _known[customer] = await ReadAsync(customer, cancellationToken);
        return true;
    }

    /// <summary>Whether a customer, which was loaded, had an event.</summary>
    public bool Holds(string customer, UInt128 id) => _known[customer].Contains(id);

    private async ValueTask<HashSet<UInt128>> ReadAsync(string customer, CancellationToken cancellationToken)
    {
        var length = await ErasedCustomers.LengthAsync(history, tenant, customer, cancellationToken)
            ?? throw new GrainUnavailableException("An identifier is that of a customer who is being erased. Send the call again.");
        var ids = new HashSet<UInt128>();
        await foreach (var placed in new HistoryReader(history, tenant).ReadAsync($"{tenant}/{ErasedCustomers.NameOf(customer)}", 0, length, cancellationToken))
        {
            if (placed.Entry.Event is { } made) ids.Add(new UInt128(made.IdHashHigh, made.IdHashLow));
        }

        return ids;
    }
}
