using System.Runtime.CompilerServices;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Identities;

/// <summary>
/// A tenant's identity record. One append is under way at a time, and what is decided meanwhile makes the next one: an append
/// is issued by nobody but who knows all that stands before it. After one failed nothing follows.
/// </summary>
internal sealed class IdentityRecord(IHistory history, ICustomerIndex index, string tenant, Action lost)
{
    private const int ReplayBytes = 1 << 20;
    private Exception? _failure;
    private List<IdentityDecision>? _next;

    /// <summary>Key of the record's history.</summary>
    public string Key { get; } = GrainCatalog.IdentityRecordKey(tenant);

    /// <summary>Sequence of the next decision.</summary>
    public long End { get; private set; }

    /// <summary>Completes when everything decided so far is durable.</summary>
    public Task Durable { get; private set; } = Task.CompletedTask;

    /// <summary>Throws once an append failed: what is in memory may never have happened.</summary>
    public void ThrowIfLost()
    {
        if (_failure is not null) throw new IdentityRecordException("The identity record was lost to another writer or a failure.", _failure);
    }

    /// <summary>Throws where the record is longer than is known here: what is not known may have been decided.</summary>
    /// <exception cref="OwnershipLostException">Another writer appended; the activation is dropped.</exception>
    public async ValueTask CheckNewestAsync(CancellationToken cancellationToken)
    {
        if (await history.LengthAsync(Key, cancellationToken) <= End) return;
        var overtaken = new OwnershipLostException(tenant);
        Fail(overtaken);
        throw overtaken;
    }

    /// <summary>Appends decisions. The customers they mint stand in the index before the task completes.</summary>
    public Task AppendAsync(IReadOnlyList<IdentityDecision> decisions)
    {
        if (_next is null)
        {
            _next = [.. decisions];
            Durable = CommitAsync(Durable, End, _next);
        }
        else
        {
            _next.AddRange(decisions);
        }

        End += decisions.Count;
        return Durable;
    }

    /// <summary>Hands over the decisions from a sequence on, in order, and takes their end as the record's end.</summary>
    public async ValueTask ReplayAsync(long from, Func<long, IdentityDecision, ValueTask> take)
    {
        End = from;
        while (await history.ReadAsync(Key, End, ReplayBytes, CancellationToken.None) is { Count: > 0 } slices)
        {
            foreach (var slice in slices)
            {
                var decisions = IdentitySlice.Parser.ParseFrom(slice.Bytes.Span).Decisions;
                var minted = new List<Task>();
                for (var i = (int)(End - slice.First); i < decisions.Count; i++)
                {
                    // A crash may have come between the append and the index.
                    if (decisions[i].Minted is { } mint) minted.Add(AddToIndexAsync(mint.Customer));
                    if (decisions[i].Erased is { } erased)
                    {
                        await Task.WhenAll(minted);
                        foreach (var customer in erased.Former.Prepend(erased.Customer)) await index.RemoveAsync(tenant, customer, CancellationToken.None);
                    }

                    await take(slice.First + i, decisions[i]);
                }

                await Task.WhenAll(minted);
                End = slice.End;
            }
        }

        if (from > End || await history.LengthAsync(Key, CancellationToken.None) < from)
        {
            throw new InvalidDataException(
                $"The identity record of tenant {tenant} is shorter than what was derived from it; restore it, or replay.");
        }
    }

    /// <summary>Reads the slice that holds a decision.</summary>
    private async ValueTask<(long First, IdentitySlice Slice)> ReadSliceAsync(long sequence, CancellationToken cancellationToken)
    {
        var slices = await history.ReadAsync(Key, sequence, 1, cancellationToken);
        return slices.Count > 0 && slices[0].First <= sequence
            ? (slices[0].First, IdentitySlice.Parser.ParseFrom(slices[0].Bytes.Span))
            : throw new InvalidDataException($"Decision {sequence} is missing from the identity record of tenant {tenant}.");
    }

    /// <summary>Reads decisions by their sequences, which ascend; a slice is read once for those that follow each other in it.</summary>
    public async IAsyncEnumerable<(long Sequence, IdentityDecision Decision)> ReadAsync(
        IEnumerable<long> sequences, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (first, slice) = (0L, new IdentitySlice());
        foreach (var sequence in sequences)
        {
            if (sequence >= first + slice.Decisions.Count) (first, slice) = await ReadSliceAsync(sequence, cancellationToken);
            yield return (sequence, slice.Decisions[(int)(sequence - first)]);
        }
    }

    private async Task CommitAsync(Task previous, long first, List<IdentityDecision> decisions)
    {
        try
        {
            // Not beside the one before: if another writer came in its place, the length could fit all the same.
            await previous;
            ThrowIfLost();
            _next = null;
            var slice = new IdentitySlice();
            slice.Decisions.Add(decisions);
            var appended = history.AppendAsync(Key, first, decisions.Count, slice.ToByteArray(), CancellationToken.None).AsTask();
            var indexed = decisions.Where(d => d.Minted is not null).Select(d => AddToIndexAsync(d.Minted.Customer));
            await Task.WhenAll(indexed.Append(appended));
            if (!await appended) throw new IdentityRecordException("Another writer appended to the identity record.", null);
        }
        catch (Exception e)
        {
            Fail(e);
            throw;
        }
    }

    private async Task AddToIndexAsync(string customer) => await index.AddAsync(tenant, customer, CancellationToken.None);

    private void Fail(Exception e)
    {
        if (_failure is not null) return;
        _failure = e;
        lost();
    }
}
