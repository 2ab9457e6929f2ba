using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Storage.Keyed;

/// <summary>
/// Values of any size in a store that takes only so much in one piece. A larger one stands in pieces, written before the
/// state that names them. A crash between may leave pieces that nothing names.
/// </summary>
/// <param name="states">The store.</param>
/// <param name="pieceBytes">What it takes in one piece, in bytes, at least 2.</param>
public sealed class SplitStates(IStateStore states, int pieceBytes) : IStateStore
{
    /// <summary>Kind of the pieces.</summary>
    public const string PieceKind = "state-piece";

    private const byte Whole = 0;
    private const byte Split = 1;
    private const char Mark = '!';

    /// <inheritdoc/>
    public async ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken)
    {
        while (true)
        {
            var row = await states.ReadAsync(kind, key, cancellationToken).ConfigureAwait(false);
            if (!row.Exists) return row;
            if (row.Value.Span[^1] == Whole) return new StateRow(row.Value[..^1], row.Tag);
            var pieces = SplitState.Parser.ParseFrom(row.Value.Span[..^1]);
            if (await JoinAsync(kind, key, pieces, cancellationToken).ConfigureAwait(false) is { } value) return new StateRow(value, TagOf(row.Tag!, pieces));

            // Replaced while it was read, or damaged.
            if ((await states.ReadAsync(kind, key, cancellationToken).ConfigureAwait(false)).Tag == row.Tag)
                throw new StorageException($"The state {kind} {key} lacks some of its {pieces.Pieces} pieces.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StateRow>> ReadManyAsync(string kind, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var read = await states.ReadManyAsync(kind, keys, cancellationToken).ConfigureAwait(false);
        var rows = new StateRow[read.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = !read[i].Exists ? read[i]
                : read[i].Value.Span[^1] == Whole ? new StateRow(read[i].Value[..^1], read[i].Tag)
                : await ReadAsync(kind, keys[i], cancellationToken).ConfigureAwait(false);
        }

        return rows;
    }

    /// <inheritdoc/>
    public async ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken)
    {
        var (expected, before) = Untag(expectedTag);
        if (value.Length < pieceBytes)
        {
            var tag = await states.WriteAsync(kind, key, Marked(value.Span, Whole), expected, cancellationToken).ConfigureAwait(false);
            if (tag is not null) await RemoveAsync(kind, key, before).ConfigureAwait(false);
            return tag;
        }

        var pieces = new SplitState
        {
            Incarnation = unchecked((ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue)),
            Pieces = (value.Length + pieceBytes - 1) / pieceBytes,
            Length = value.Length,
        };
        for (var i = 0; i < pieces.Pieces; i++)
        {
            var piece = value[(i * pieceBytes)..Math.Min(value.Length, (i + 1) * pieceBytes)];
            await states.WriteAsync(PieceKind, PieceKey(kind, key, pieces, i), piece, null, cancellationToken).ConfigureAwait(false);
        }

        var written = await states.WriteAsync(kind, key, Marked(pieces.ToByteArray(), Split), expected, cancellationToken).ConfigureAwait(false);
        await RemoveAsync(kind, key, written is null ? pieces : before).ConfigureAwait(false);
        return written is null ? null : TagOf(written, pieces);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken)
    {
        var (expected, before) = Untag(expectedTag);
        if (!await states.ClearAsync(kind, key, expected, cancellationToken).ConfigureAwait(false)) return false;
        await RemoveAsync(kind, key, before).ConfigureAwait(false);
        return true;
    }

    private static byte[] Marked(ReadOnlySpan<byte> value, byte mark)
    {
        var bytes = new byte[value.Length + 1];
        value.CopyTo(bytes);
        bytes[^1] = mark;
        return bytes;
    }

    private static string PieceKey(string kind, string key, SplitState pieces, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}/{key}/{pieces.Incarnation:x16}/{number:x4}");

    /// <summary>A tag says which pieces its state has, so that whoever replaces it knows what to remove.</summary>
    private static string TagOf(string tag, SplitState pieces) => string.Create(CultureInfo.InvariantCulture, $"{Mark}{pieces.Incarnation:x16}{pieces.Pieces:x8}{tag}");

    private static (string? Tag, SplitState? Pieces) Untag(string? tag) =>
        tag is { Length: >= 25 } && tag[0] == Mark
        && ulong.TryParse(tag.AsSpan(1, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var incarnation)
        && int.TryParse(tag.AsSpan(17, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var pieces)
            ? (tag[25..], new SplitState { Incarnation = incarnation, Pieces = pieces })
            : (tag, null);

    private async ValueTask<byte[]?> JoinAsync(string kind, string key, SplitState pieces, CancellationToken cancellationToken)
    {
        var rows = await states.ReadManyAsync(PieceKind, [.. Enumerable.Range(0, pieces.Pieces).Select(i => PieceKey(kind, key, pieces, i))], cancellationToken).ConfigureAwait(false);
        if (rows.Any(row => !row.Exists) || rows.Sum(row => (long)row.Value.Length) != pieces.Length) return null;
        var value = new byte[pieces.Length];
        var at = 0;
        foreach (var row in rows)
        {
            row.Value.CopyTo(value.AsMemory(at));
            at += row.Value.Length;
        }

        return value;
    }

    /// <summary>Removes pieces that nothing names any more; what cannot be removed stays for nobody.</summary>
    private async ValueTask RemoveAsync(string kind, string key, SplitState? pieces)
    {
        for (var i = 0; i < (pieces?.Pieces ?? 0); i++)
        {
            try
            {
                var piece = PieceKey(kind, key, pieces!, i);
                var row = await states.ReadAsync(PieceKind, piece, CancellationToken.None).ConfigureAwait(false);
                await states.ClearAsync(PieceKind, piece, row.Tag, CancellationToken.None).ConfigureAwait(false);
            }
            catch (StorageException)
            {
                return;
            }
        }
    }
}
