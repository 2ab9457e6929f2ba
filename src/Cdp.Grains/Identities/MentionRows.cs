using Cdp.Domain.Identity;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Identities;

/// <summary>
/// Which decisions about others name an identifier. Only an erasure asks; what is new is kept until it is written behind, and
/// no row is read before.
/// </summary>
internal sealed class MentionRows(IStateStore store, string prefix)
{
    /// <summary>Kind of the states that hold them; key <c>tenant/</c> + IdentifierKey.key.</summary>
    public const string Kind = "identity-mentions";

    private readonly List<Dictionary<string, List<long>>> _unwritten = [];
    private Dictionary<string, List<long>> _new = new(StringComparer.Ordinal);

    /// <summary>Identifiers with mentions that the store does not have yet.</summary>
    public int Dirty => _new.Count;

    public void Add(string key, long sequence)
    {
        if (!_new.TryGetValue(key, out var known)) _new[key] = known = [];
        known.Add(sequence);
    }

    /// <summary>All that are known, ascending.</summary>
    public async ValueTask<IdentityMentions> ReadAsync(string key)
    {
        var (mentions, _) = await ReadStoredAsync(key);
        foreach (var unwritten in _unwritten.Append(_new))
        {
            foreach (var sequence in unwritten.GetValueOrDefault(key) ?? []) IdentityFold.Mention(mentions, sequence);
        }

        return mentions;
    }

    /// <summary>What is to be written.</summary>
    public Dictionary<string, List<long>> Capture()
    {
        var captured = _new;
        _new = new(StringComparer.Ordinal);
        if (captured.Count > 0) _unwritten.Add(captured);
        return captured;
    }

    public async Task WriteAsync(Dictionary<string, List<long>> captured)
    {
        foreach (var (key, sequences) in captured) await WriteAsync(key, sequences);
        _unwritten.Remove(captured);
    }

    /// <summary>Takes back what may not have been written; what was changes nothing when it is written again.</summary>
    public void Restore(Dictionary<string, List<long>> captured)
    {
        if (!_unwritten.Remove(captured)) return;
        var later = _new;
        _new = captured;
        foreach (var (key, sequences) in later)
        {
            foreach (var sequence in sequences) Add(key, sequence);
        }
    }

    private async Task WriteAsync(string key, List<long> sequences)
    {
        while (true)
        {
            var (mentions, tag) = await ReadStoredAsync(key);
            foreach (var sequence in sequences) IdentityFold.Mention(mentions, sequence);
            if (await store.WriteAsync(Kind, prefix + key, mentions.ToByteArray(), tag, CancellationToken.None) is not null) return;
        }
    }

    private async ValueTask<(IdentityMentions Mentions, string? Tag)> ReadStoredAsync(string key)
    {
        var row = await store.ReadAsync(Kind, prefix + key, CancellationToken.None);
        return (row.Exists ? IdentityMentions.Parser.ParseFrom(row.Value.Span) : new IdentityMentions(), row.Tag);
    }
}
