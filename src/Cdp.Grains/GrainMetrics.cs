using System.Diagnostics.Metrics;

namespace Cdp.Grains;

/// <summary>What grains count. Meter <c>Cdp.Grains</c>; no identifier or value of a customer in any of it.</summary>
public sealed class GrainMetrics : IDisposable
{
    private readonly Meter _meter = new("Cdp.Grains");
    private readonly Counter<long> _applied;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _conflicting;
    private readonly Counter<long> _foldedAgain;
    private readonly Counter<long> _foldFailed;
    private readonly Counter<long> _deadLetters;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _merges;
    private readonly Counter<long> _forgotten;

    private readonly Action<string, Exception> _report;

    /// <summary>Makes the instruments.</summary>
    /// <param name="report">Hears of errors that a grain handled by itself, with what it did; null: nobody.</param>
    public GrainMetrics(Action<string, Exception>? report = null)
    {
        _report = report ?? ((_, _) => { });
        _applied = _meter.CreateCounter<long>("cdp.events.applied", "{event}", "Events that count.");
        _duplicates = _meter.CreateCounter<long>("cdp.events.duplicates", "{event}", "Further copies of events.");
        _conflicting = _meter.CreateCounter<long>("cdp.events.conflicting", "{event}", "Copies whose content differs from the first.");
        _foldedAgain = _meter.CreateCounter<long>("cdp.customers.folded_again", "{fold}", "Folds of a whole history.");
        _foldFailed = _meter.CreateCounter<long>("cdp.events.skipped", "{event}", "Events on which the fold threw.");
        _deadLetters = _meter.CreateCounter<long>("cdp.dead_letters", "{event}", "Events kept as dead letters.");
        _retries = _meter.CreateCounter<long>("cdp.handover.retries", "{call}", "Hand-overs that were sent again after an error.");
        _merges = _meter.CreateCounter<long>("cdp.merges", "{merge}", "Merges run to their end.");
        _forgotten = _meter.CreateCounter<long>("cdp.events.forgotten", "{event}", "Events whose content was erased after the time for which their tenant keeps it.");
    }

    /// <summary>Counts what a hand-over did.</summary>
    public void Applied(int applied, int duplicates, int conflicting)
    {
        if (applied > 0) _applied.Add(applied);
        if (duplicates > 0) _duplicates.Add(duplicates);
        if (conflicting > 0) _conflicting.Add(conflicting);
    }

    /// <summary>Counts a fold of a whole history.</summary>
    public void FoldedAgain() => _foldedAgain.Add(1);

    /// <summary>Counts an event on which the fold threw.</summary>
    public void FoldFailed() => _foldFailed.Add(1);

    /// <summary>Counts dead letters.</summary>
    public void DeadLetters(int count) => _deadLetters.Add(count);

    /// <summary>Counts a call that is sent again after an error.</summary>
    public void Retried(Exception error)
    {
        _retries.Add(1);
        _report("sending a call again", error);
    }

    /// <summary>Reports an error after which a grain is loaded again.</summary>
    public void Failed(string kind, Exception error) => _report($"loading a grain of kind {kind} again", error);

    /// <summary>Counts a finished merge.</summary>
    public void Merged() => _merges.Add(1);

    /// <summary>Counts events that were kept long enough.</summary>
    public void Forgotten(long count)
    {
        if (count > 0) _forgotten.Add(count);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
