using Cdp.Domain.Expressions;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Customers;

/// <content>How the profile follows the history: event by event, and all again where that is not exact.</content>
public sealed partial class CustomerGrain
{
    private async ValueTask AbsorbBehindAsync(List<EventReference> behind, Definitions definitions, CancellationToken cancellationToken)
    {
        foreach (var (reference, logged) in await Fold.ReadAsync(behind, cancellationToken))
        {
            if (TryAbsorb(reference, logged, definitions)) continue;
            _foldAgain = true;
            await FoldAgainAsync(cancellationToken);
            return;
        }

        EvaluateAll(definitions);
    }

    private bool TryAbsorb(EventReference reference, LoggedEvent logged, Definitions definitions) =>
        FreshEvent.Read(logged) is { } read && TryAbsorb(reference.ToFoldEvent(logged, logged.Source, read), definitions);

    /// <summary>False where the event cannot be absorbed as it comes: folding all again will, or will find it bad.</summary>
    private bool TryAbsorb(FoldEvent taken, Definitions definitions)
    {
        try
        {
            return ProfileFold.TryAbsorb(_profile, taken, definitions);
        }
        catch (Exception)
        {
            // Counted when folding all again throws on it, too.
            return false;
        }
    }

    /// <summary>Takes what was appended into the profile; where that is not exact, all is to be folded again.</summary>
    private void FoldIn(Arrivals arrivals, Definitions definitions)
    {
        foreach (var (id, sequence) in arrivals.Copies ?? []) _ids.Add(id, sequence);
        _foldAgain |= arrivals.ReplacesFolded;
        var touched = new ExpressionBits(stackalloc ulong[ExpressionBits.WordsFor(definitions.Segments.Count)]);
        foreach (var taken in arrivals.Fresh)
        {
            _ids.Add(taken.Entry.IdHashLow, taken.Sequence);
            if (_foldAgain || taken.Erased) continue;
            _foldAgain = taken.Event is null || !TryAbsorb(taken.ToFoldEvent(), definitions, touched);
        }

        if (_foldedUnder is null) _foldedUnder = definitions;
        else if (_foldedUnder.Version != definitions.Version) _foldAgain = true;
        if (!_foldAgain) Evaluate(definitions, touched);
    }

    private bool TryAbsorb(FoldEvent taken, Definitions definitions, ExpressionBits touched)
    {
        if (!TryAbsorb(taken, definitions)) return false;
        if (definitions.Segments.Count > 0) definitions.Segments.Touch(taken, _profile, definitions, touched);
        return true;
    }

    private async ValueTask<List<SkippedEntry>> FoldAgainAsync(CancellationToken cancellationToken)
    {
        var definitions = await DefinitionsAsync(cancellationToken);
        var skipped = new List<Skip>();
        var profile = await Fold.RunAsync(_key, _sequence, definitions, skipped, cancellationToken);
        if (skipped.Count > 0)
        {
            // Letters before marks: what is marked is not thrown on again.
            foreach (var skip in skipped) await BuryAsync(skip.Event, cancellationToken);
            var slice = new HistorySlice();
            slice.Entries.AddRange(skipped.Select(s => new HistoryEntry { Skipped = s.Entry }));
            await AppendAsync(slice, cancellationToken);
        }

        _profile = profile;
        _rendered = null;
        _foldedUnder = definitions;
        _foldAgain = false;
        EvaluateAll(definitions);
        _sinceSnapshot += MostSinceSnapshot;
        _ports.Metrics.FoldedAgain();
        return [.. skipped.Select(s => s.Entry)];
    }

    /// <summary>Keeps an event as a dead letter, also where nobody delivered it just now who would.</summary>
    private async ValueTask BuryAsync(EventReference bad, CancellationToken cancellationToken)
    {
        var letter = new DeadLetter { Partition = bad.Partition, Position = bad.Position, Reason = DeadLetterReasons.FoldFailed, At = bad.ReceivedAt };
        if (await DeadLetters.ListAsync(_ports.States, _ports.History, _tenant, letter, cancellationToken)) _ports.Metrics.DeadLetters(1);
    }

    private void FoldAgainSoon()
    {
        _foldTimer ??= _context.CreateTimer(async cancellationToken =>
        {
            // Who gave itself up meanwhile is folded by whoever took it in.
            if (!_foldAgain || !Exists || _sealedInto.Length > 0) return;
            await FoldAgainAsync(cancellationToken);
            await AfterChangeAsync(0, cancellationToken);
        });
        if (!_foldTimer.IsStarted) _foldTimer.Start(TimeSpan.Zero);
    }

    private void NameSkipped(SkippedEntry skip, List<FreshEvent> fresh, ApplyReply reply)
    {
        _ports.Metrics.FoldFailed();
        foreach (var (entry, sequence, _, _, _) in fresh)
        {
            if (skip.Loser.Length > 0 || sequence != skip.Sequence) continue;
            reply.Skipped.Add(new V1.SkippedEvent { Partition = entry.Partition, Position = entry.Position, Error = skip.Error });
        }
    }

    /// <summary>
    /// Names what an earlier fold threw on and is delivered again: whoever delivers may have died before it kept the
    /// event as a dead letter.
    /// </summary>
    private async ValueTask NameSkippedBeforeAsync(List<EventReference> redelivered, ApplyReply reply, CancellationToken cancellationToken)
    {
        // An event is marked behind where it stands.
        var from = redelivered.TrueForAll(e => e.Key == _key) ? redelivered.Min(e => e.Sequence) : 0;
        await foreach (var (at, _, entry) in Reader.ReadUnionAsync(_key, from, _sequence, cancellationToken))
        {
            if (entry.Skipped is not { } skip) continue;
            var key = skip.Loser.Length == 0 ? at : $"{_tenant}/{skip.Loser}";
            foreach (var e in redelivered.Where(e => e.Key == key && e.Sequence == skip.Sequence))
                reply.Skipped.Add(new V1.SkippedEvent { Partition = e.Partition, Position = e.Position, Error = skip.Error });
        }
    }
}
