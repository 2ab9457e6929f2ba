using System.Globalization;
using System.Runtime.CompilerServices;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Partitions;

/// <summary>Events that count for nobody, each with its reason, by tenant and place in the log; and the lists of them.</summary>
internal static class DeadLetters
{
    private const int ReadBytes = 1 << 20;

    /// <summary>Keeps one and sees to it that it stands in the list of its partition. An event has one letter: the first.</summary>
    /// <returns>False where it had one already.</returns>
    public static async ValueTask<bool> ListAsync(IStateStore states, IHistory history, string tenant, DeadLetter letter, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(PartitionGrain.DeadLetterKind, KeyOf(tenant, letter), cancellationToken);
        var known = row.Exists ? DeadLetter.Parser.ParseFrom(row.Value.Span) : null;
        if (known is { Listed: true }) return false;
        var listed = (known ?? letter).Clone();
        var list = ListKey(tenant, letter.Partition);
        var slice = new DeadLetterSlice { Letters = { listed } }.ToByteArray();

        // Whoever lists beside this makes the list longer: again, behind it.
        while (!await history.AppendAsync(list, await history.LengthAsync(list, cancellationToken), 1, slice, cancellationToken)) cancellationToken.ThrowIfCancellationRequested();
        listed.Listed = true;
        await states.WriteAsync(PartitionGrain.DeadLetterKind, KeyOf(tenant, letter), listed.ToByteArray(), row.Tag, cancellationToken);
        return known is null;
    }

    /// <summary>
    /// All of a tenant in one partition, in the order in which they were found, from an entry of the list on; each with the place
    /// behind it. One may come twice.
    /// </summary>
    public static async IAsyncEnumerable<(DeadLetter Letter, long End)> ReadAsync(
        IHistory history, string tenant, int partition, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var key = ListKey(tenant, partition);
        for (var next = from; await history.ReadAsync(key, next, ReadBytes, cancellationToken) is { Count: > 0 } rows; next = rows[^1].End)
        {
            foreach (var row in rows)
            {
                foreach (var letter in DeadLetterSlice.Parser.ParseFrom(row.Bytes.Span).Letters) yield return (letter, row.End);
            }
        }
    }

    /// <summary>The letters of events, in the order of their positions; null: it has none.</summary>
    public static async ValueTask<List<DeadLetter?>> FindAsync(IStateStore states, string tenant, int partition, IEnumerable<long> positions, CancellationToken cancellationToken)
    {
        var rows = await states.ReadManyAsync(PartitionGrain.DeadLetterKind, [.. positions.Select(position => KeyOf(tenant, partition, position))], cancellationToken);
        return [.. rows.Select(row => row.Exists ? DeadLetter.Parser.ParseFrom(row.Value.Span) : null)];
    }

    /// <summary>Notes that an event with a letter was published anew.</summary>
    public static async ValueTask SettleAsync(IStateStore states, string tenant, int partition, long position, long at, CancellationToken cancellationToken)
    {
        var key = KeyOf(tenant, partition, position);
        for (var row = await states.ReadAsync(PartitionGrain.DeadLetterKind, key, cancellationToken); row.Exists; row = await states.ReadAsync(PartitionGrain.DeadLetterKind, key, cancellationToken))
        {
            var settled = DeadLetter.Parser.ParseFrom(row.Value.Span);
            settled.RetriedAt = at;
            if (await states.WriteAsync(PartitionGrain.DeadLetterKind, key, settled.ToByteArray(), row.Tag, cancellationToken) is not null) return;
        }
    }

    /// <summary>With what the keys of all lists of a tenant begin, among the histories.</summary>
    public static string ListPrefix(string tenant) => $"{tenant}/dead-letters/";

    private static string ListKey(string tenant, int partition) => string.Create(CultureInfo.InvariantCulture, $"{ListPrefix(tenant)}{partition:D4}");

    private static string KeyOf(string tenant, DeadLetter letter) => KeyOf(tenant, letter.Partition, letter.Position);

    private static string KeyOf(string tenant, int partition, long position) => string.Create(CultureInfo.InvariantCulture, $"{tenant}/{partition:D4}/{position:D19}");
}
