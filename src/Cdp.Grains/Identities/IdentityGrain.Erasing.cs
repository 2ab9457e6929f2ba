using Cdp.Domain.Identity;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Identities;

/// <content>The decision that a customer is erased, and what has to be known to carry it out.</content>
public sealed partial class IdentityGrain
{
    /// <inheritdoc/>
    public async ValueTask<EraseIdentityReply> Erase(EraseIdentityRequest request, CancellationToken cancellationToken)
    {
        await _record.CheckNewestAsync(cancellationToken);
        using var use = _rows.Clock.Begin();
        while (true)
        {
            if (await _rows.LoadStandingAsync(request.Customer) is not { } standing) return new EraseIdentityReply();
            await _record.Durable.WaitAsync(cancellationToken);
            var version = IdentityFold.VersionOf(standing.Group);
            var former = new List<string>();
            var facts = await new GroupDescription(_rows, _record).GatherAsync(standing.Customer, former);
            var (keys, known) = await KeysAsync(facts, cancellationToken);
            await _rows.LoadNodesAsync(keys);

            // Nothing awaits from here on until it is decided. What was gathered may have grown meanwhile.
            _record.ThrowIfLost();
            if (_rows.Group(standing.Customer) is not { MergedInto.Length: 0 } group || IdentityFold.VersionOf(group) != version) continue;
            var sequence = known?.Sequence ?? _record.End;
            var erased = known?.Erased ?? new Erased { Customer = standing.Customer, Former = { former }, Keys = { keys } };
            if (known is null)
            {
                await DecideErasedAsync(erased, request.At).WaitAsync(cancellationToken);
                facts.Add(sequence);
            }

            return await DescribeAsync(erased, sequence, facts);
        }
    }

    /// <summary>Loads what deciding some questions may read, and which events those had who were erased.</summary>
    private async ValueTask LoadAsync(DecideIdentityRequest request, IdentityDecider decider, CancellationToken cancellationToken)
    {
        var needs = request.Questions.Select(question => NeedsOf(question, decider)).ToArray();
        do await _rows.LoadAsync(needs);
        while (await _erasedIds.LoadAsync(request.Questions.SelectMany(ErasedOf), cancellationToken));
    }

    /// <summary>Whether the event that a question is about is an erased customer's, sent again.</summary>
    private bool IsErased(IdentityQuestion question)
    {
        foreach (var customer in ErasedOf(question))
        {
            if (_erasedIds.Holds(customer, new UInt128(question.IdHashHigh, question.IdHashLow))) return true;
        }

        return false;
    }

    private IEnumerable<string> ErasedOf(IdentityQuestion question)
    {
        foreach (var identifier in question.Identifiers)
        {
            if (_rows.Node(identifier.Key) is { Erased.Length: > 0 } node) yield return node.Erased;
        }
    }

    private Task DecideErasedAsync(Erased erased, long at)
    {
        var decision = new IdentityDecision { Erased = erased, At = at };
        try
        {
            IdentityFold.Apply(_rows, decision, _record.End);
        }
        catch
        {
            // Rows may hold a decision that no record will ever have.
            _context.Abandon();
            throw;
        }

        return _record.AppendAsync([decision]);
    }

    /// <summary>Keys of all identifiers of a group, and its erasure where that is decided.</summary>
    private async ValueTask<(List<string> Keys, (long Sequence, Erased Erased)? Known)> KeysAsync(List<long> facts, CancellationToken cancellationToken)
    {
        facts.Sort();
        var keys = new List<string>();
        (long, Erased)? known = null;
        await foreach (var (sequence, decision) in _record.ReadAsync(facts, cancellationToken))
        {
            if ((decision.Minted?.Identifier ?? decision.Linked?.Identifier) is { } identifier) keys.Add(identifier.Key);
            if (decision.Erased is { } erased) known = (sequence, erased);
        }

        return (keys, known);
    }

    private async ValueTask<EraseIdentityReply> DescribeAsync(Erased erased, long sequence, List<long> facts)
    {
        var reply = new EraseIdentityReply { Found = true, Sequence = sequence, Erased = erased, Facts = { facts } };
        foreach (var customer in erased.Former.Prepend(erased.Customer))
        {
            var group = (await _rows.LoadGroupAsync(customer))!;
            reply.Mints.Add(new ErasedMint { Customer = customer, Sequence = group.Minted, At = group.MintedAt });
            if (group.MergedInto.Length > 0) reply.Merges.Add(IdentityDecider.OrderOf(customer, group, (await _rows.LoadGroupAsync(group.MergedInto))!));
        }

        foreach (var key in erased.Keys)
        {
            var mentions = await _rows.ReadMentionsAsync(key);
            reply.Mentions.Add(mentions.Sequences);
            reply.MoreMentions |= mentions.More;
        }

        return reply;
    }
}
