using System.Globalization;
using System.Runtime.CompilerServices;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Partitions;

/// <summary>Events that count for nobody, each with its reason, by tenant and place in the log; and the lists of them.</summary>
internal static class DeadLetters
{
    /// <summary>Reason of an event on which the fold throws.</summary>
    public const string FoldFailed = "FOLD_FAILED";

    private const int ReadBytes = 1 << 20;

    /// <summary>Keeps one. An event has one letter: the first.</summary>
    /// <returns>False where it has one already.</returns>
    public static async ValueTask<bool> KeepAsync(IStateStore states, string tenant, DeadLetter letter, CancellationToken cancellationToken) =>
        await states.WriteAsync(PartitionGrain.DeadLetterKind, KeyOf(tenant, letter), letter.ToByteArray(), null, cancellationToken) is not null;

    /// <summary>Keeps one and sees to it that it stands in the list of its partition. Only the partition itself may call it.</summary>
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

    /// <summary>All of a tenant in one partition, in the order in which they were found; one may come twice.</summary>
    public static async IAsyncEnumerable<DeadLetter> ReadAsync(
        IHistory history, string tenant, int partition, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var key = ListKey(tenant, partition);
        for (var next = 0L; await history.ReadAsync(key, next, ReadBytes, cancellationToken) is { Count: > 0 } rows; next = rows[^1].End)
        {
            foreach (var letter in rows.SelectMany(row => DeadLetterSlice.Parser.ParseFrom(row.Bytes.Span).Letters)) yield return letter;
        }
    }

    /// <summary>With what the keys of all lists of a tenant begin, among the histories.</summary>
    public static string ListPrefix(string tenant) => $"{tenant}/dead-letters/";

    private static string ListKey(string tenant, int partition) => string.Create(CultureInfo.InvariantCulture, $"{ListPrefix(tenant)}{partition:D4}");

    private static string KeyOf(string tenant, DeadLetter letter) =>
        string.Create(CultureInfo.InvariantCulture, $"{tenant}/{letter.Partition:D4}/{letter.Position:D19}");
}
