using System.Runtime.CompilerServices;
using Cdp.Grains.Ports;
using Cdp.State.V1;

namespace Cdp.Grains.Customers;

/// <summary>An entry and the history it stands in.</summary>
internal readonly record struct PlacedEntry(string Key, long Sequence, HistoryEntry Entry);

/// <summary>Reads customers' histories, alone or as the union with those that were merged in.</summary>
internal sealed class HistoryReader(IHistory history, string tenant)
{
    private const int PageBytes = 128 * 1024;

    /// <summary>Entries <paramref name="from"/> to <paramref name="to"/> − 1 of one history, in order.</summary>
    public async IAsyncEnumerable<PlacedEntry> ReadAsync(
        string key, long from, long to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (from < to)
        {
            // A slice holds an entry or a few: for one entry the first slice is enough.
            var rows = await history.ReadAsync(key, from, to - from == 1 ? 1 : PageBytes, cancellationToken);
            if (rows.Count == 0) yield break;
            foreach (var row in rows)
            {
                var slice = HistorySlice.Parser.ParseFrom(row.Bytes.Span);
                for (var i = 0; i < slice.Entries.Count; i++)
                {
                    var sequence = row.First + i;
                    if (sequence >= from && sequence < to) yield return new PlacedEntry(key, sequence, slice.Entries[i]);
                }

                from = row.End;
            }
        }
    }

    /// <summary>
    /// The same, each <c>absorbed</c> entry followed by what it took in. In no particular order across histories; each
    /// history once, also where a merge that was resumed handed it over twice.
    /// </summary>
    public async IAsyncEnumerable<PlacedEntry> ReadUnionAsync(
        string key, long from, long to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var open = new Stack<(string Key, long From, long To)>();
        open.Push((key, from, to));
        HashSet<string>? absorbed = null;
        while (open.TryPop(out var range))
        {
            await foreach (var placed in ReadAsync(range.Key, range.From, range.To, cancellationToken))
            {
                yield return placed;
                if (placed.Entry.Absorbed is { } merge && (absorbed ??= new(StringComparer.Ordinal)).Add(merge.Loser))
                    open.Push(($"{tenant}/{merge.Loser}", 0, merge.Entries));
            }
        }
    }
}
