using Cdp.V1;

namespace Cdp.CrashKit;

/// <summary>What was decided and what came of it, as far as it was answered, in the memory of a process that nobody kills.</summary>
public sealed class DecisionLedger
{
    private readonly Lock _lock = new();
    private readonly List<AnsweredDecision> _decisions = [];
    private readonly List<SentOutcome> _outcomes = [];
    private readonly Queue<SentOutcome> _open = new();
    private readonly List<string> _wrong = [];
    private long _moment;

    /// <summary>Calls of all kinds that were answered.</summary>
    public int Answered { get; private set; }

    /// <summary>Calls of all kinds that were not: the server died over them.</summary>
    public int Unanswered { get; private set; }

    /// <summary>Every decision that was answered.</summary>
    public IReadOnlyList<AnsweredDecision> Decisions
    {
        get
        {
            lock (_lock) return [.. _decisions];
        }
    }

    /// <summary>Every outcome that was sent, answered or not.</summary>
    public IReadOnlyList<SentOutcome> Outcomes
    {
        get
        {
            lock (_lock) return [.. _outcomes];
        }
    }

    /// <summary>Answers that contradict what is known.</summary>
    public IReadOnlyList<string> Wrong
    {
        get
        {
            lock (_lock) return [.. _wrong];
        }
    }

    /// <summary>A moment after all those before.</summary>
    public long Moment() => Interlocked.Increment(ref _moment);

    /// <summary>A call of no further interest was answered.</summary>
    public void Answer()
    {
        lock (_lock) Answered++;
    }

    /// <summary>A decision was answered.</summary>
    public void Answer(AnsweredDecision decision)
    {
        lock (_lock)
        {
            Answered++;
            _decisions.Add(decision);
        }
    }

    /// <summary>A call was not answered.</summary>
    public void Lose()
    {
        lock (_lock) Unanswered++;
    }

    /// <summary>One of the newest decisions that rank an action; null: there is none.</summary>
    public AnsweredDecision? AnyDecision(int number)
    {
        lock (_lock)
        {
            for (var i = 0; i < _decisions.Count; i++)
            {
                var decision = _decisions[^(1 + ((number + i) % Math.Min(_decisions.Count, 64)))];
                if (decision.Response.Ranked.Any(ranked => ranked.ActionId.Length > 0)) return decision;
                if (i == 64) break;
            }

            return null;
        }
    }

    /// <summary>An outcome that was answered, to be sent once more; null: there is none.</summary>
    public SentOutcome? AnyOutcome(int number)
    {
        lock (_lock)
        {
            var outcome = _outcomes.Count == 0 ? null : _outcomes[number % _outcomes.Count];
            return outcome?.Credit is null ? null : outcome;
        }
    }

    /// <summary>An outcome that was sent without an answer and has to be sent again; null: there is none.</summary>
    public SentOutcome? TakeOpen()
    {
        lock (_lock) return _open.TryDequeue(out var open) ? open : null;
    }

    /// <summary>An outcome is about to be sent.</summary>
    public void Send(SentOutcome outcome)
    {
        lock (_lock)
        {
            if (outcome.Sent++ == 0) _outcomes.Add(outcome);
        }
    }

    /// <summary>Outcomes were answered.</summary>
    public void Answer(IReadOnlyList<SentOutcome> sent, IEnumerable<OutcomeResult> results)
    {
        lock (_lock)
        {
            Answered++;
            foreach (var (outcome, result) in sent.Zip(results)) Judge(outcome, result);
        }
    }

    /// <summary>Outcomes were not answered.</summary>
    public void Lose(IEnumerable<SentOutcome> sent)
    {
        lock (_lock)
        {
            Unanswered++;
            foreach (var outcome in sent.Where(outcome => outcome.Credit is null)) _open.Enqueue(outcome);
        }
    }

    private void Judge(SentOutcome outcome, OutcomeResult result)
    {
        var decision = outcome.Decision;
        var expected = decision.Response.Mode == DecisionMode.DryRun ? [OutcomeCredit.DryRun]
            : outcome.Credit is { } before ? [before == OutcomeCredit.DecisionLost ? before : OutcomeCredit.Duplicate]
            : outcome.Sent > 1 ? [OutcomeCredit.Credited, OutcomeCredit.NothingNew, OutcomeCredit.Duplicate]
            : (OutcomeCredit[])[OutcomeCredit.Credited, OutcomeCredit.NothingNew];
        var mayBeLost = !decision.IsPromised && !outcome.ProvesDecision;
        if (!expected.Contains(result.Credit) && !(mayBeLost && result.Credit == OutcomeCredit.DecisionLost))
            _wrong.Add($"Outcome {outcome.Outcome.Id} of {decision.Id}, sent {outcome.Sent} times, {outcome.Credit?.ToString() ?? "unanswered"} before, came to {result.Credit}");
        if (result.Credit == OutcomeCredit.DecisionLost && !result.Message.Contains("lost in a crash", StringComparison.Ordinal))
            _wrong.Add($"Outcome {outcome.Outcome.Id} of a lost decision says why in vain: {result.Message}");
        if (outcome.Credit is not null) return;
        outcome.Credit = result.Credit;
        outcome.AnsweredAt = Interlocked.Increment(ref _moment);
    }
}
