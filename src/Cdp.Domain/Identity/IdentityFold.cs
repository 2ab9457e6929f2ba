using Cdp.State.V1;

namespace Cdp.Domain.Identity;

/// <summary>
/// Folds decisions of the identity record into rows. Every row knows the newest decision in it, so that a decision
/// folded again changes nothing, also where some rows have it already and others do not.
/// </summary>
public static class IdentityFold
{
    /// <summary>Facts in one page.</summary>
    public const int PageSize = 256;

    /// <summary>Mentions of one identifier that are remembered.</summary>
    public const int MaxMentions = 1_024;

    /// <summary>Takes a mention into the row of its identifier; one that it has changes nothing.</summary>
    public static void Mention(IdentityMentions mentions, long sequence)
    {
        if (mentions.More || (mentions.Sequences.Count > 0 && mentions.Sequences[^1] >= sequence)) return;
        if (mentions.Sequences.Count < MaxMentions) mentions.Sequences.Add(sequence);
        else mentions.More = true;
    }

    /// <summary>Folds one decision.</summary>
    /// <param name="rows">The rows; those the decision names must be readable.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="sequence">Its place in the record.</param>
    public static void Apply(IIdentityRows rows, IdentityDecision decision, long sequence)
    {
        switch (decision.KindCase)
        {
            case IdentityDecision.KindOneofCase.Minted:
                ApplyMinted(rows, decision.Minted, sequence, decision.At);
                break;
            case IdentityDecision.KindOneofCase.Linked:
                ApplyLinked(rows, decision.Linked, sequence);
                break;
            case IdentityDecision.KindOneofCase.Merged:
                ApplyMerged(rows, decision.Merged, sequence, decision.At);
                break;
            case IdentityDecision.KindOneofCase.Refused:
                ApplyRefused(rows, decision.Refused, sequence);
                break;
            case IdentityDecision.KindOneofCase.Erased:
                ApplyErased(rows, decision.Erased, sequence);
                break;
            default:
                throw new InvalidOperationException($"Decision {sequence} of the identity record has an unknown kind.");
        }
    }

    /// <summary>Sequence of the newest decision in a group's row.</summary>
    public static long VersionOf(IdentityGroup group)
    {
        var newest = group.Facts.Count == 0 ? group.Minted : group.Facts[^1];
        return group.MergedInto.Length == 0 ? newest : Math.Max(newest, group.MergedSequence);
    }

    private static void ApplyMinted(IIdentityRows rows, Minted minted, long sequence, long at)
    {
        var group = new IdentityGroup { Minted = sequence, MintedAt = at };
        group.Facts.Add(sequence);
        CountOne(group, minted.Identifier.Key);
        Follow(group, minted.After);
        rows.AddGroup(minted.Customer, group);
        PutNode(rows, minted.Identifier.Key, minted.Customer, sequence);
    }

    private static void ApplyLinked(IIdentityRows rows, Linked linked, long sequence)
    {
        var group = Existing(rows, linked.Customer, sequence);
        if (VersionOf(group) < sequence)
        {
            CountOne(group, linked.Identifier.Key);
            Follow(group, linked.After);
            AddFact(rows, linked.Customer, group, sequence);
        }

        PutNode(rows, linked.Identifier.Key, linked.Customer, sequence);
    }

    private static void ApplyMerged(IIdentityRows rows, Merged merged, long sequence, long at)
    {
        var loser = Existing(rows, merged.Loser, sequence);
        var winner = Existing(rows, merged.Winner, sequence);
        if (VersionOf(winner) < sequence)
        {
            // The loser's counts are final from here on: this is its last decision, whenever its row was written.
            foreach (var entry in loser.Counts) Count(winner, entry.Namespace, entry.Count);
            winner.Merged.Add(merged.Loser);
            foreach (var erased in loser.After) Follow(winner, erased);
            AddFact(rows, merged.Winner, winner, sequence);
        }

        if (loser.MergedInto.Length > 0) return;
        loser.MergedInto = merged.Winner;
        loser.MergedSequence = sequence;
        loser.MergedAt = at;
        rows.PutGroup(merged.Loser, loser);
    }

    private static void ApplyRefused(IIdentityRows rows, Refused refused, long sequence)
    {
        var group = Existing(rows, refused.Customer, sequence);
        if (VersionOf(group) < sequence) AddFact(rows, refused.Customer, group, sequence);
        var pair = IdentifierPair.Of(refused.Identifier.Key, refused.With.Key);
        if (rows.Refusal(pair) is null) rows.PutRefusal(pair, new IdentityRefusal { Sequence = sequence });

        // Whose the identifier is, now or later, is told of by a decision about another.
        rows.AddMention(refused.Identifier.Key, sequence);
    }

    private static void ApplyErased(IIdentityRows rows, Erased erased, long sequence)
    {
        var group = Existing(rows, erased.Customer, sequence);
        if (VersionOf(group) < sequence)
        {
            group.Counts.Clear();
            group.Erased = true;
            AddFact(rows, erased.Customer, group, sequence);
        }

        foreach (var key in erased.Keys)
        {
            if (rows.Node(key) is not { } node || node.Sequence < sequence)
                rows.PutNode(key, new IdentityNode { Sequence = sequence, Erased = erased.Customer });
        }
    }

    private static void Follow(IdentityGroup group, string erased)
    {
        if (erased.Length > 0 && !group.After.Contains(erased)) group.After.Add(erased);
    }

    private static void PutNode(IIdentityRows rows, string key, string customer, long sequence)
    {
        if (rows.Node(key) is not { } node || (node.Customer.Length == 0 && node.Sequence < sequence)) rows.PutNode(key, new IdentityNode { Customer = customer, Sequence = sequence });
    }

    private static void AddFact(IIdentityRows rows, string customer, IdentityGroup group, long sequence)
    {
        group.Facts.Add(sequence);
        if (group.Facts.Count > PageSize)
        {
            // The newest fact stays: it is the row's version.
            var page = new IdentityFactPage();
            page.Facts.Add(group.Facts.Take(PageSize));
            page.Merged.Add(group.Merged);
            rows.PutFactPage(customer, group.FullPages++, page);
            group.Facts.Clear();
            group.Facts.Add(sequence);
            group.Merged.Clear();
        }

        rows.PutGroup(customer, group);
    }

    /// <summary>Identifiers of one namespace in a group.</summary>
    public static int CountOf(IdentityGroup group, ReadOnlySpan<char> name) => Find(group, name)?.Count ?? 0;

    private static void CountOne(IdentityGroup group, string key)
    {
        var name = IdentifierKeys.NamespaceOf(key);
        if (Find(group, name) is { } known) known.Count++;
        else Count(group, SharedNames.Of(name), 1);
    }

    private static void Count(IdentityGroup group, string name, int added)
    {
        if (Find(group, name) is { } known) known.Count += added;
        else group.Counts.Add(new NamespaceCount { Namespace = name, Count = added });
    }

    private static NamespaceCount? Find(IdentityGroup group, ReadOnlySpan<char> name)
    {
        foreach (var entry in group.Counts)
        {
            if (name.SequenceEqual(entry.Namespace)) return entry;
        }

        return null;
    }

    private static IdentityGroup Existing(IIdentityRows rows, string customer, long sequence) =>
        rows.Group(customer) ?? throw new InvalidOperationException(
            $"Decision {sequence} of the identity record names a customer that was not minted before.");
}
