using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Domain.Identity;

/// <summary>
/// Decides who the identifiers of an event are. The customer of the strongest identifier (the anchor) is the event's;
/// every other identifier joins it as far as the namespaces' limits allow. What is decided is decided once: asking
/// again, in any order with other questions, follows the record.
/// </summary>
/// <param name="rules">The tenant's namespaces.</param>
/// <param name="ids">Makes the ids of new customers.</param>
public sealed class IdentityDecider(NamespaceRules rules, CustomerIds ids)
{
    /// <summary>
    /// The identifier that decides whose the event is: the first that is no reference, since a reference finds a
    /// customer but must not tie identifiers together; the first of all where there are only references.
    /// </summary>
    public IdentifierValue AnchorOf(IReadOnlyList<IdentifierValue> identifiers)
    {
        foreach (var identifier in identifiers)
        {
            if (!rules.OfKey(identifier.Key).IsReference) return identifier;
        }

        return identifiers[0];
    }

    /// <summary>Decides one question and folds what it decided into the rows.</summary>
    /// <param name="question">At least one identifier, strongest first.</param>
    /// <param name="rows">Everything decided before.</param>
    /// <param name="first">Sequence that the first of <paramref name="decisions"/> has in the record.</param>
    /// <param name="decisions">Receives the new decisions, behind those of earlier questions.</param>
    public IdentityAnswer Decide(IdentityQuestion question, IIdentityRows rows, long first, List<IdentityDecision> decisions)
    {
        if (question.Identifiers.Count == 0) throw new ArgumentException("A question has at least one identifier.", nameof(question));
        var draft = new Draft(question, rows, first, decisions);
        var anchor = AnchorOf(question.Identifiers);
        if (rows.Node(anchor.Key) is not { Customer.Length: > 0 }) Mint(draft, anchor);
        foreach (var identifier in question.Identifiers)
        {
            if (identifier.Key != anchor.Key) Relate(draft, anchor, identifier);
        }

        return AnswerOf(question, anchor, rows);
    }

    private void Mint(Draft draft, IdentifierValue identifier) => draft.Record(new IdentityDecision
    {
        Minted = new Minted { Customer = ids.Make(draft.Next), Identifier = identifier, After = ErasedOf(draft.Rows, identifier) },
    });

    private void Relate(Draft draft, IdentifierValue anchor, IdentifierValue identifier)
    {
        var ours = draft.StandingOf(anchor.Key)!.Value;
        var pair = IdentifierPair.Of(identifier.Key, anchor.Key);
        if (draft.StandingOf(identifier.Key) is not { } theirs)
        {
            var rule = rules.OfKey(identifier.Key);
            if (draft.Rows.Refusal(pair) is not null) return;
            if (IdentityFold.CountOf(ours.Group, rule.Name) < rule.Limit) Link(draft, anchor, identifier, ours.Customer);
            else Refuse(draft, anchor, identifier, ours.Customer, rule);
        }
        else if (theirs.Customer != ours.Customer && !rules.OfKey(identifier.Key).IsReference)
        {
            if (draft.Rows.Refusal(pair) is not null) return;
            if (ExceededBy(ours.Group, theirs.Group) is { } exceeded) Refuse(draft, anchor, identifier, ours.Customer, exceeded);
            else if (ours.Group.Minted < theirs.Group.Minted) Merge(draft, (theirs.Customer, identifier), (ours.Customer, anchor));
            else Merge(draft, (ours.Customer, anchor), (theirs.Customer, identifier));
        }
    }

    private static void Link(Draft draft, IdentifierValue anchor, IdentifierValue identifier, string customer) =>
        draft.Record(new IdentityDecision
        {
            Linked = new Linked { Customer = customer, Identifier = identifier, With = anchor, After = ErasedOf(draft.Rows, identifier) },
        });

    /// <summary>The customer whose erasure made an identifier nobody's; empty: none did.</summary>
    private static string ErasedOf(IIdentityRows rows, IdentifierValue identifier) => rows.Node(identifier.Key)?.Erased ?? string.Empty;

    private static void Merge(
        Draft draft, (string Customer, IdentifierValue Identifier) loser, (string Customer, IdentifierValue Identifier) winner) =>
        draft.Record(new IdentityDecision
        {
            Merged = new Merged
            {
                Loser = loser.Customer, Winner = winner.Customer, Identifier = loser.Identifier, With = winner.Identifier,
            },
        });

    private static void Refuse(
        Draft draft, IdentifierValue anchor, IdentifierValue identifier, string customer, NamespaceRule exceeded) =>
        draft.Record(new IdentityDecision
        {
            Refused = new Refused
            {
                Customer = customer,
                Identifier = identifier,
                With = anchor,
                Reason = IdentifierReasons.NamespaceLimit,
                Namespace = exceeded.Name,
                Limit = exceeded.Limit,
            },
        });

    /// <summary>The first namespace, by name, of which two groups together would hold too many.</summary>
    private NamespaceRule? ExceededBy(IdentityGroup a, IdentityGroup b)
    {
        NamespaceRule? exceeded = null;
        foreach (var entry in a.Counts)
        {
            var (name, count) = (entry.Namespace, entry.Count);

            // A namespace that only one of them has gets no fuller, even where its limit was lowered meanwhile.
            var other = IdentityFold.CountOf(b, name);
            if (other == 0) continue;
            var rule = rules.Of(name);
            if ((long)count + other <= rule.Limit) continue;
            if (exceeded is not { } known || string.CompareOrdinal(name, known.Name) < 0) exceeded = rule;
        }

        return exceeded;
    }

    private static IdentityAnswer AnswerOf(IdentityQuestion question, IdentifierValue anchor, IIdentityRows rows)
    {
        var answer = new IdentityAnswer();
        var merges = new SortedDictionary<long, MergeOrder>();
        foreach (var identifier in question.Identifiers)
        {
            if (rows.Node(identifier.Key) is not { Customer.Length: > 0 } node)
            {
                answer.Customers.Add("");
                Follow(answer, rows.Refusal(IdentifierPair.Of(identifier.Key, anchor.Key))?.Sequence);
                continue;
            }

            Follow(answer, node.Sequence);
            var (customer, group) = (node.Customer, rows.Group(node.Customer)!);
            while (group.MergedInto.Length > 0)
            {
                var winner = rows.Group(group.MergedInto)!;
                merges[group.MergedSequence] = OrderOf(customer, group, winner);
                (customer, group) = (group.MergedInto, winner);
            }

            answer.Customers.Add(customer);
            if (identifier.Key != anchor.Key) continue;
            answer.Customer = customer;
            answer.Minted = group.Minted;
            answer.MintedAt = group.MintedAt;
            answer.After.Add(group.After);
        }

        answer.Merges.Add(merges.Values);
        if (merges.Count > 0) Follow(answer, merges.Keys.Last());
        return answer;
    }

    private static void Follow(IdentityAnswer answer, long? sequence) =>
        answer.Sequence = Math.Max(answer.Sequence, sequence ?? 0);

    /// <summary>The order to carry out a merge that was decided.</summary>
    /// <param name="loser">Who was merged.</param>
    /// <param name="group">Its row.</param>
    /// <param name="winner">The row of whom it was merged into.</param>
    public static MergeOrder OrderOf(string loser, IdentityGroup group, IdentityGroup winner) => new()
    {
        Loser = loser,
        Winner = group.MergedInto,
        IdentitySequence = group.MergedSequence,
        At = group.MergedAt,
        LoserMinted = group.Minted,
        LoserMintedAt = group.MintedAt,
        WinnerMinted = winner.Minted,
        WinnerMintedAt = winner.MintedAt,
    };

    private readonly record struct Standing(string Customer, IdentityGroup Group);

    /// <summary>One question being decided.</summary>
    private readonly struct Draft(IdentityQuestion question, IIdentityRows rows, long first, List<IdentityDecision> decisions)
    {
        public IIdentityRows Rows => rows;

        public long Next => first + decisions.Count;

        public void Record(IdentityDecision decision)
        {
            decision.At = question.At;
            decision.Evidence = question.Evidence;
            IdentityFold.Apply(rows, decision, Next);
            decisions.Add(decision);
        }

        public Standing? StandingOf(string key)
        {
            if (rows.Node(key) is not { Customer.Length: > 0 } node) return null;
            var (customer, group) = (node.Customer, rows.Group(node.Customer)!);
            while (group.MergedInto.Length > 0) (customer, group) = (group.MergedInto, rows.Group(group.MergedInto)!);
            return new Standing(customer, group);
        }
    }
}
