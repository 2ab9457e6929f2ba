using Cdp.Grains.Customers;
using Cdp.Grains.Decisions;
using Cdp.Grains.Merges;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Partitions;

/// <content>What becomes of the events of a batch: all of it beside the batches that follow.</content>
public sealed partial class PartitionGrain
{
    private async ValueTask TakeAsync(IReadOnlyList<LogEntry> entries)
    {
        var batch = Enqueue(entries[^1].Position + 1);
        foreach (var entry in entries) _breaches.Add(entry);
        var sorted = await _resolver.SortAsync(entries, _stop.Token);
        foreach (var undecided in sorted.Undecided)
        {
            batch.Outstanding++;
            _ = OwnAsync(HandOverAsync(_resolver.DecideAsync(undecided, _stop.Token), batch));
        }

        HandOver(new Resolution(sorted.Settled, [], []), batch);
        Done(batch);
    }

    /// <summary>Beside what follows: events need not come to a customer in the order of the log.</summary>
    private async Task HandOverAsync(ValueTask<Resolution> resolving, Batch batch)
    {
        HandOver(await resolving, batch);
        Done(batch);
    }

    private void HandOver(Resolution resolved, Batch batch)
    {
        foreach (var run in resolved.Merges)
        {
            batch.Outstanding++;
            _ = OwnAsync(RunAsync(run, batch));
        }

        foreach (var link in resolved.Links)
        {
            batch.Outstanding++;
            _ = OwnAsync(PointAsync(link, batch));
        }

        foreach (var target in resolved.Targets)
        {
            if (target.Customer.Length > 0)
            {
                batch.Outstanding++;
                _handOvers.Add(target.Entry.Tenant, target.Customer, target.Entry, batch, target.Mint);
            }
            else if (target.IsErased)
            {
                batch.Outstanding++;
                _ = OwnAsync(EraseAsync(target.Entry, batch));
            }
            else if (target.Entry.Event?.Outcome is not null)
            {
                batch.Outstanding++;
                _ = OwnAsync(ApplyToVisitorAsync(target.Entry, batch));
            }
            else if (target.Entry.Event?.Refused is { } refused)
            {
                batch.Outstanding++;
                _ = OwnAsync(BuryAsync(target.Entry, batch, refused.Reason));
            }
        }

        _handOvers.Flush(_stop.Token);
    }

    /// <summary>
    /// Merges run beside each other and beside the hand-overs: a sealed customer forwards what reaches it, another merge
    /// included. An event's own links are pointed when all its merges are done, so that the event, delivered again after
    /// a crash, finds what is left to do.
    /// </summary>
    private async Task RunAsync(MergeRun run, Batch batch)
    {
        foreach (var order in run.Orders)
        {
            var merger = _context.Grains.Get<IMerge>($"{run.Tenant}/{order.Loser}");
            var merged = await _handOvers.CallAsync(() => merger.Run(new RunMergeRequest { Order = order }, _stop.Token), _stop.Token);
            if (run.Fresh.Contains(order.Loser)) _ports.Metrics.Merged();

            // The loser left all segments, and who took it in may have come into some.
            _memberships.Ask($"{run.Tenant}/{order.Loser}", _stop.Token);
            _memberships.Ask($"{run.Tenant}/{merged.Winner}", _stop.Token);
        }

        // Before the links are pointed: the event, delivered again after a crash, would not find the merge any more.
        await _memberships.SettledAsync(_stop.Token);
        foreach (var link in run.Links) await _resolver.PointAsync(link, _stop.Token);
        _ports.Steps.Reached(RecoverySteps.MergeRepointed);
        Done(batch);
    }

    private async Task PointAsync(LinkTarget link, Batch batch)
    {
        await _resolver.PointAsync(link, _stop.Token);
        Done(batch);
    }

    private async Task EraseAsync(LogEntry entry, Batch batch)
    {
        await _handOvers.CallAsync(() => ErasedEvents.EraseWhollyAsync(_ports.Log, entry.Partition, entry.Position, _stop.Token), _stop.Token);
        Watch(ErasedEvents.NothingOf(entry), string.Empty, string.Empty);
        Done(batch);
    }

    /// <summary>An outcome of a decision that stands in no customer's history.</summary>
    private async Task ApplyToVisitorAsync(LogEntry entry, Batch batch)
    {
        var decision = _context.Grains.Get<IVisitorDecision>($"{entry.Tenant}/{entry.Event.Outcome.DecisionId}");
        var request = new ApplyOutcomesRequest { Entries = { entry } };
        var applied = await _handOvers.CallAsync(() => decision.Apply(request, _stop.Token), _stop.Token);
        foreach (var effect in applied.Effects) _learning.Add(entry.Tenant, effect);
        Done(batch);
    }

    private async Task BuryAsync(LogEntry entry, Batch batch, string reason)
    {
        var letter = new DeadLetter { Partition = entry.Partition, Position = entry.Position, Reason = reason, At = entry.Event.ReceivedAt };
        var isNew = await _handOvers.CallAsync(() => DeadLetters.ListAsync(_ports.States, _ports.History, entry.Tenant, letter, _stop.Token), _stop.Token);
        if (isNew) _ports.Metrics.DeadLetters(1);
        batch.DeadLetters++;
        Watch(entry, string.Empty, reason);
        Done(batch);
    }
}
