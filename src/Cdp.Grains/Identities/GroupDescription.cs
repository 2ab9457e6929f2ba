using System.Globalization;
using Cdp.Domain.Identity;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Grains.Identities;

/// <summary>Lists what was decided about one customer, and about those merged into it, in the order of decision.</summary>
/// <remarks>
/// Every page gathers the sequences of all the facts (8 bytes each) and reads only the page's own facts from the
/// record: a call for people, not for hot paths.
/// </remarks>
internal sealed class GroupDescription(IdentityRows rows, IdentityRecord record)
{
    private const int DefaultPageSize = 200;
    private const int MaxPageSize = 1_000;

    /// <summary>Describes the customer, or the one it was merged into. The page token is the last sequence listed.</summary>
    public async ValueTask<DescribeGroupReply> DescribeAsync(DescribeGroupRequest request, CancellationToken cancellationToken)
    {
        if (await rows.LoadStandingAsync(request.Customer) is not { Group.Erased: false } standing) return new DescribeGroupReply();
        var reply = new DescribeGroupReply { Found = true, Customer = standing.Customer };
        var sequences = await GatherAsync(standing.Customer, reply.Former);
        sequences.Sort();

        var after = long.TryParse(request.PageToken, NumberStyles.None, CultureInfo.InvariantCulture, out var token) ? token : -1;
        var size = request.PageSize <= 0 ? DefaultPageSize : Math.Min(request.PageSize, MaxPageSize);
        var found = sequences.BinarySearch(after + 1);
        var start = found >= 0 ? found : ~found;
        var page = sequences.GetRange(start, Math.Min(size, sequences.Count - start));
        reply.Facts.Add(await ReadFactsAsync(page, cancellationToken));
        if (start + page.Count < sequences.Count) reply.NextPageToken = page[^1].ToString(CultureInfo.InvariantCulture);
        return reply;
    }

    /// <summary>Sequences of all the facts about a customer and those merged into it, in no order.</summary>
    /// <param name="customer">The customer.</param>
    /// <param name="former">Receives those merged into it.</param>
    public async ValueTask<List<long>> GatherAsync(string customer, ICollection<string> former)
    {
        var sequences = new List<long>();
        var toVisit = new Queue<string>([customer]);
        while (toVisit.TryDequeue(out var next))
        {
            var group = (await rows.LoadGroupAsync(next))!;
            var (pages, facts, merged) = (group.FullPages, group.Facts.ToArray(), group.Merged.ToList());
            sequences.AddRange(facts);
            for (var number = 0; number < pages; number++)
            {
                var older = await rows.LoadFactPageAsync(next, number);
                sequences.AddRange(older.Facts);
                merged.AddRange(older.Merged);
            }

            foreach (var loser in merged)
            {
                former.Add(loser);
                toVisit.Enqueue(loser);
            }
        }

        return sequences;
    }

    private async ValueTask<List<IdentityFact>> ReadFactsAsync(List<long> sequences, CancellationToken cancellationToken)
    {
        var facts = new List<IdentityFact>(sequences.Count);
        await foreach (var (sequence, decision) in record.ReadAsync(sequences, cancellationToken)) facts.Add(FactOf(decision, sequence));
        return facts;
    }

    private static IdentityFact FactOf(IdentityDecision decision, long sequence)
    {
        var fact = new IdentityFact
        {
            Sequence = sequence, DecidedAt = new Timestamp { UnixMicros = decision.At }, Evidence = decision.Evidence,
        };
        switch (decision.KindCase)
        {
            case IdentityDecision.KindOneofCase.Minted:
                fact.Minted = new MintedFact { Identifier = PublicOf(decision.Minted.Identifier) };
                break;
            case IdentityDecision.KindOneofCase.Linked:
                fact.Linked = new LinkedFact { Identifier = PublicOf(decision.Linked.Identifier), With = PublicOf(decision.Linked.With) };
                break;
            case IdentityDecision.KindOneofCase.Merged:
                fact.Merged = new MergedFact
                {
                    MergedCustomerId = decision.Merged.Loser,
                    Identifier = PublicOf(decision.Merged.Identifier),
                    With = PublicOf(decision.Merged.With),
                };
                break;
            case IdentityDecision.KindOneofCase.Refused:
                fact.Refused = new RefusedFact
                {
                    Identifier = PublicOf(decision.Refused.Identifier),
                    With = PublicOf(decision.Refused.With),
                    Reason = decision.Refused.Reason,
                    Namespace = decision.Refused.Namespace,
                    Limit = decision.Refused.Limit,
                };
                break;
        }

        return fact;
    }

    private static Identifier PublicOf(IdentifierValue identifier) =>
        new() { Namespace = IdentifierKeys.NamespaceOf(identifier.Key).ToString(), Value = identifier.Value };
}
