using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Cdp.Storage.State;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cdp.Storage.Keyed;

/// <summary>
/// Histories on nothing but keyed state. The newest slices stand in one state, the head, whose tag fences appends; older
/// ones in chunks that are written once, and again only where a slice is rewritten. Slower than a store of its own: an append reads and writes the head.
/// </summary>
/// <param name="states">The states; any number of processes may use them.</param>
/// <param name="chunkBytes">Bytes of slices in a head from which on they become a chunk.</param>
public sealed class KeyedHistory(IStateStore states, int chunkBytes = KeyedHistory.DefaultChunkBytes) : IHistory
{
    /// <summary>Kind of the heads; their keys are those of the histories.</summary>
    public const string HeadKind = "history-head";

    /// <summary>Kind of the chunks.</summary>
    public const string ChunkKind = "history-chunk";

    /// <summary>Bytes of slices in a head from which on they become a chunk, unless somebody says otherwise.</summary>
    public const int DefaultChunkBytes = 32 << 10;

    private const long MaxEntries = 1L << 48;

    private readonly KeyedQueue _queue = new();

    /// <inheritdoc/>
    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken)
    {
        HistoryAppends.Check(expected, count, MaxEntries);
        return new(_queue.RunAsync(key, () => AppendNowAsync(key, new KeyedSlice { First = expected, Count = count, Entries = ByteString.CopyFrom(slice.Span) }), cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        while (true)
        {
            var (head, _) = await HeadAsync(key, cancellationToken).ConfigureAwait(false);
            if (head is null || head.Deleting || from >= head.Length) return [];
            var slices = new List<HistorySliceRow>();
            var bytes = 0L;
            var chunk = from >= FirstOf(head) ? head.Chunks : await FindChunkAsync(key, head, from, cancellationToken).ConfigureAwait(false);
            for (; chunk is { } number && number < head.Chunks; chunk++)
            {
                var read = await ChunkAsync(key, head.Incarnation, number, cancellationToken).ConfigureAwait(false);
                if (read is null) break;
                if (!Add(read.Slices, from, maxBytes, slices, ref bytes)) return slices;
            }

            // Deleted meanwhile, and perhaps begun anew.
            if (chunk != head.Chunks) continue;
            Add(head.Slices, from, maxBytes, slices, ref bytes);
            return slices;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken) =>
        (await HeadAsync(key, cancellationToken).ConfigureAwait(false)).Head is { Deleting: false } head ? head.Length : 0;

    /// <inheritdoc/>
    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        new(_queue.RunAsync(key, () => RewriteNowAsync(key, new KeyedSlice { First = first, Count = count, Entries = ByteString.CopyFrom(slice.Span) }), cancellationToken));

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => new(_queue.RunAsync(key, () => DeleteNowAsync(key), cancellationToken));

    private static long FirstOf(KeyedHistoryHead head) => head.Slices.Count > 0 ? head.Slices[0].First : head.Length;

    private static string ChunkKey(string key, ulong incarnation, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{key}/{incarnation:x16}/{number:x8}");

    private static bool Add(IEnumerable<KeyedSlice> from, long first, int maxBytes, List<HistorySliceRow> slices, ref long bytes)
    {
        foreach (var slice in from)
        {
            if (slice.First + slice.Count <= first) continue;
            if (slices.Count > 0 && bytes + slice.Entries.Length > maxBytes) return false;
            slices.Add(new HistorySliceRow(slice.First, slice.Count, slice.Entries.Memory));
            bytes += slice.Entries.Length;
        }

        return true;
    }

    private async Task<bool> AppendNowAsync(string key, KeyedSlice slice)
    {
        while (true)
        {
            var (head, tag) = await HeadAsync(key, CancellationToken.None).ConfigureAwait(false);
            if (head is { Deleting: true })
            {
                await DeleteNowAsync(key).ConfigureAwait(false);
                continue;
            }

            if ((head?.Length ?? 0) != slice.First) return false;
            head ??= new KeyedHistoryHead { Incarnation = unchecked((ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue)) };
            var cut = head.Slices.Sum(s => s.Entries.Length) >= chunkBytes ? await CutAsync(key, head).ConfigureAwait(false) : default;
            head.Slices.Add(slice);
            head.Length += slice.Count;
            if (await states.WriteAsync(HeadKind, key, head.ToByteArray(), tag, CancellationToken.None).ConfigureAwait(false) is not null) return true;
            if (cut.Tag is not null) await ForgetAsync(key, head.Incarnation, cut.Key, cut.Tag).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Moves the slices of a head, which is then written or thrown away, into the next chunk. They are what was appended for
    /// certain: whoever else wrote that chunk, before a crash or beside us, wrote the same slices, or fewer of them.
    /// </summary>
    /// <returns>The chunk's key and tag; no tag: it was there.</returns>
    private async Task<(string Key, string? Tag)> CutAsync(string key, KeyedHistoryHead head)
    {
        var chunkKey = ChunkKey(key, head.Incarnation, head.Chunks);
        var chunk = new KeyedHistoryChunk { Slices = { head.Slices } };
        var tag = await states.WriteAsync(ChunkKind, chunkKey, chunk.ToByteArray(), null, CancellationToken.None).ConfigureAwait(false);
        if (tag is null)
        {
            // Without it the history was deleted meanwhile; with more of them the head is old. Either way its write fails.
            var there = await ChunkAsync(key, head.Incarnation, head.Chunks, CancellationToken.None).ConfigureAwait(false);
            if (there is null) return default;
            chunk = there;
        }

        var moved = Math.Min(chunk.Slices.Count, head.Slices.Count);
        for (var i = 0; i < moved; i++) head.Slices.RemoveAt(0);
        head.Chunks++;
        return (chunkKey, tag);
    }

    /// <summary>Removes a chunk that was cut from a history which was deleted meanwhile: who deleted it may not have seen the chunk.</summary>
    private async Task ForgetAsync(string key, ulong incarnation, string chunkKey, string tag)
    {
        var (head, _) = await HeadAsync(key, CancellationToken.None).ConfigureAwait(false);
        if (head is { Deleting: false } && head.Incarnation == incarnation) return;
        await states.ClearAsync(ChunkKind, chunkKey, tag, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>
    /// Rewrites a slice in its chunk, into which a head moves it before: whoever cuts the same head beside us may write the
    /// chunk late, and would bring back what was rewritten in the head.
    /// </summary>
    private async Task<bool> RewriteNowAsync(string key, KeyedSlice slice)
    {
        while (true)
        {
            var (head, tag) = await HeadAsync(key, CancellationToken.None).ConfigureAwait(false);
            if (head is null || head.Deleting || slice.First < 0 || slice.First >= head.Length) return false;
            if (slice.First >= FirstOf(head))
            {
                if (IndexOf(head.Slices, slice) < 0) return false;
                var cut = await CutAsync(key, head).ConfigureAwait(false);
                var written = await states.WriteAsync(HeadKind, key, head.ToByteArray(), tag, CancellationToken.None).ConfigureAwait(false);
                if (written is null && cut.Tag is not null) await ForgetAsync(key, head.Incarnation, cut.Key, cut.Tag).ConfigureAwait(false);
            }
            else if (await FindChunkAsync(key, head, slice.First, CancellationToken.None).ConfigureAwait(false) is { } number)
            {
                var chunkKey = ChunkKey(key, head.Incarnation, number);
                var row = await states.ReadAsync(ChunkKind, chunkKey, CancellationToken.None).ConfigureAwait(false);

                // Deleted meanwhile.
                if (!row.Exists) continue;
                var chunk = KeyedHistoryChunk.Parser.ParseFrom(row.Value.Span);
                var at = IndexOf(chunk.Slices, slice);
                if (at < 0) return false;
                chunk.Slices[at] = slice;
                if (await states.WriteAsync(ChunkKind, chunkKey, chunk.ToByteArray(), row.Tag, CancellationToken.None).ConfigureAwait(false) is not null) return true;
            }
        }
    }

    /// <summary>Finds the slice that another is to replace; −1: there is none.</summary>
    /// <exception cref="ArgumentException">It would grow.</exception>
    private static int IndexOf(RepeatedField<KeyedSlice> slices, KeyedSlice next)
    {
        for (var i = 0; i < slices.Count; i++)
        {
            if (slices[i].First != next.First || slices[i].Count != next.Count) continue;
            HistoryAppends.CheckRewrite(slices[i].Entries.Length, next.Entries.Length);
            return i;
        }

        return -1;
    }

    private async Task<bool> DeleteNowAsync(string key)
    {
        while (true)
        {
            var (head, tag) = await HeadAsync(key, CancellationToken.None).ConfigureAwait(false);
            if (head is null) return true;
            if (!head.Deleting)
            {
                head.Deleting = true;
                head.Slices.Clear();
                tag = await states.WriteAsync(HeadKind, key, head.ToByteArray(), tag, CancellationToken.None).ConfigureAwait(false);
                if (tag is null) continue;
            }

            // One more than there are: a cut whose head was never written leaves it.
            for (var number = head.Chunks; number >= 0; number--)
            {
                var chunkKey = ChunkKey(key, head.Incarnation, number);
                while (true)
                {
                    var row = await states.ReadAsync(ChunkKind, chunkKey, CancellationToken.None).ConfigureAwait(false);

                    // Again, where a slice of it was rewritten meanwhile.
                    if (!row.Exists || await states.ClearAsync(ChunkKind, chunkKey, row.Tag, CancellationToken.None).ConfigureAwait(false)) break;
                }
            }

            if (await states.ClearAsync(HeadKind, key, tag, CancellationToken.None).ConfigureAwait(false)) return true;
        }
    }

    /// <summary>The chunk that holds an entry; null: a chunk is gone, since the history is being deleted.</summary>
    private async ValueTask<long?> FindChunkAsync(string key, KeyedHistoryHead head, long entry, CancellationToken cancellationToken)
    {
        var (low, high) = (0L, head.Chunks - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (await ChunkAsync(key, head.Incarnation, middle, cancellationToken).ConfigureAwait(false) is not { } chunk) return null;
            if (chunk.Slices[0].First <= entry) low = middle;
            else high = middle - 1;
        }

        return low;
    }

    private async ValueTask<(KeyedHistoryHead? Head, string? Tag)> HeadAsync(string key, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(HeadKind, key, cancellationToken).ConfigureAwait(false);
        return row.Exists ? (KeyedHistoryHead.Parser.ParseFrom(row.Value.Span), row.Tag) : (null, null);
    }

    private async ValueTask<KeyedHistoryChunk?> ChunkAsync(string key, ulong incarnation, long number, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(ChunkKind, ChunkKey(key, incarnation, number), cancellationToken).ConfigureAwait(false);
        return row.Exists ? KeyedHistoryChunk.Parser.ParseFrom(row.Value.Span) : null;
    }
}
