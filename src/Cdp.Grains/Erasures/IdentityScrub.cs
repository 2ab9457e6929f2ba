using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Erasures;

/// <summary>
/// Erases from a tenant's identity record what decisions say of a person: the values of its identifiers, and by which events they
/// came. The decisions stay, with keyed hashes: what follows from them is the same.
/// </summary>
internal sealed class IdentityScrub(IHistory history, string tenant, EraseIdentityReply erased)
{
    private const int ReadBytes = 1 << 20;
    private const int AtOnce = 64;

    private readonly string _key = GrainCatalog.IdentityRecordKey(tenant);
    private readonly HashSet<string> _keys = new(erased.Erased.Keys, StringComparer.Ordinal);
    private readonly HashSet<long> _facts = [.. erased.Facts];

    /// <summary>The values of the person's identifiers, as far as the record still says them.</summary>
    public async ValueTask<IReadOnlySet<string>> ValuesAsync(CancellationToken cancellationToken)
    {
        var values = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var row in SlicesAsync(cancellationToken))
        {
            foreach (var identifier in IdentitySlice.Parser.ParseFrom(row.Bytes.Span).Decisions.SelectMany(IdentifiersOf))
            {
                if (identifier is { Value.Length: > 0 } && _keys.Contains(identifier.Key)) values.Add(identifier.Value);
            }
        }

        return values;
    }

    /// <summary>Erases it; returns the number of decisions that said something.</summary>
    public async ValueTask<int> RunAsync(CancellationToken cancellationToken)
    {
        var changed = 0;
        var rewrites = new List<Task>(AtOnce);
        await foreach (var row in SlicesAsync(cancellationToken))
        {
            var slice = IdentitySlice.Parser.ParseFrom(row.Bytes.Span);
            var count = 0;
            for (var i = 0; i < slice.Decisions.Count; i++)
            {
                if (Scrub(slice.Decisions[i], isOwn: _facts.Contains(row.First + i))) count++;
            }

            if (count == 0) continue;
            changed += count;
            rewrites.Add(RewriteAsync(row, slice, cancellationToken));
            if (rewrites.Count < AtOnce) continue;
            await Task.WhenAll(rewrites);
            rewrites.Clear();
        }

        await Task.WhenAll(rewrites);
        return changed;
    }

    private async Task RewriteAsync(HistorySliceRow row, IdentitySlice slice, CancellationToken cancellationToken)
    {
        if (!await history.RewriteAsync(_key, row.First, row.Count, slice.ToByteArray(), cancellationToken))
            throw new InvalidDataException($"Decision {row.First} of the identity record of tenant {tenant} is missing.");
    }

    /// <summary>The slices that hold decisions about the person or that name one of its identifiers, each once.</summary>
    private async IAsyncEnumerable<HistorySliceRow> SlicesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var next = 0L;
        if (erased.MoreMentions)
        {
            for (; await history.ReadAsync(_key, next, ReadBytes, cancellationToken) is { Count: > 0 } rows; next = rows[^1].End)
            {
                foreach (var row in rows) yield return row;
            }

            yield break;
        }

        foreach (var sequence in erased.Facts.Concat(erased.Mentions).Order())
        {
            if (sequence < next) continue;
            var rows = await history.ReadAsync(_key, sequence, 1, cancellationToken);
            if (rows.Count == 0) yield break;
            next = rows[0].End;
            yield return rows[0];
        }
    }

    private bool Scrub(IdentityDecision decision, bool isOwn)
    {
        var changed = isOwn && decision.Evidence is not null;
        if (isOwn) decision.Evidence = null;
        foreach (var identifier in IdentifiersOf(decision))
        {
            if (identifier is not { Value.Length: > 0 } || !(isOwn || _keys.Contains(identifier.Key))) continue;
            identifier.Value = string.Empty;
            changed = true;
        }

        return changed;
    }

    private static IEnumerable<IdentifierValue?> IdentifiersOf(IdentityDecision decision) =>
    [
        decision.Minted?.Identifier, decision.Linked?.Identifier, decision.Linked?.With, decision.Merged?.Identifier, decision.Merged?.With,
        decision.Refused?.Identifier, decision.Refused?.With,
    ];
}
