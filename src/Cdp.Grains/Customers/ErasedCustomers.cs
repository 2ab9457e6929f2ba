using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>
/// What is kept of an erased customer: the hashes of its events' ids and where they stood, so that no resend brings one back; no
/// time, no content. A history of its own, under the customer's id; its last entry says that it is whole.
/// </summary>
internal static class ErasedCustomers
{
    private const string Prefix = "erased/";
    private const int EntriesOfSlice = 2_048;

    /// <summary>The history's name within the tenant, as an absorbing customer names it.</summary>
    public static string NameOf(string customer) => Prefix + customer;

    /// <summary>Whether a name is of such a history.</summary>
    public static bool IsName(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Length of the history; null while it is not whole.</summary>
    public static async ValueTask<long?> LengthAsync(IHistory history, string tenant, string customer, CancellationToken cancellationToken)
    {
        var key = $"{tenant}/{NameOf(customer)}";
        var length = await history.LengthAsync(key, cancellationToken);
        if (length == 0) return null;
        await foreach (var placed in new HistoryReader(history, tenant).ReadAsync(key, length - 1, length, cancellationToken))
        {
            if (placed.Entry.Erased is not null) return length;
        }

        return null;
    }

    /// <summary>Writes it: what of a customer's entries is kept. One that was begun before is written anew.</summary>
    /// <param name="history">Where histories are.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="customer">The erased customer.</param>
    /// <param name="entries">Its entries, and those of all that were merged into it.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public static async ValueTask WriteAsync(
        IHistory history, string tenant, string customer, IAsyncEnumerable<HistoryEntry> entries, CancellationToken cancellationToken)
    {
        var key = $"{tenant}/{NameOf(customer)}";
        if (await history.LengthAsync(key, cancellationToken) > 0) await history.DeleteAsync(key, cancellationToken);
        var (length, slice) = (0L, new HistorySlice());
        await foreach (var entry in entries)
        {
            if (Kept(entry) is not { } kept) continue;
            slice.Entries.Add(kept);
            if (slice.Entries.Count == EntriesOfSlice) await FlushAsync();
        }

        slice.Entries.Add(new HistoryEntry { Erased = new ErasedEntry() });
        await FlushAsync();

        async ValueTask FlushAsync()
        {
            if (!await history.AppendAsync(key, length, slice.Entries.Count, slice.ToByteArray(), cancellationToken)) throw new OwnershipLostException(key);
            length += slice.Entries.Count;
            slice.Entries.Clear();
        }
    }

    private static HistoryEntry? Kept(HistoryEntry entry) => (entry.Event ?? entry.Copy?.Event, entry.Outcome) switch
    {
        ({ } made, _) => new HistoryEntry
        {
            Event = new EventEntry { Partition = made.Partition, Position = made.Position, IdHashHigh = made.IdHashHigh, IdHashLow = made.IdHashLow, Erased = true },
        },

        // Without an id: only the place is of use, to whoever erases what stands there.
        (_, { } outcome) => new HistoryEntry { Event = new EventEntry { Partition = outcome.Partition, Position = outcome.Position, Erased = true } },
        _ => null,
    };
}
