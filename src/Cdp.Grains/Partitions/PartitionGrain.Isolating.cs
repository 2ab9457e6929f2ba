using Cdp.State.V1;

namespace Cdp.Grains.Partitions;

/// <content>Finds the event that kills the process: after starts that did not end, events are handed over alone.</content>
public sealed partial class PartitionGrain
{
    private const int IsolateAfter = 2;
    private const int BuryAfter = 3;
    private const long IsolateSpan = 8192;
    private static readonly TimeSpan SuspectDelay = TimeSpan.FromSeconds(3);

    /// <summary>An event that was handed over this long ago and killed nothing is no suspect, though it is not applied.</summary>
    private static readonly TimeSpan LongestAlone = TimeSpan.FromSeconds(5);

    private bool _begun;

    /// <summary>What this process began before, unless it was finished.</summary>
    private OvertakenWork? Overtaken => _ports.Overtaken.TryGetValue(_number, out var work) && work.Committed == _state.Committed ? work : null;

    /// <summary>Counts, durably and before anything is handed over, that work from the committed position on was begun.</summary>
    private async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        _begun |= Overtaken is not null;
        if (_begun) return;
        await WriteStateAsync(
            static state =>
            {
                state.Attempts++;
                if (state.Attempts > IsolateAfter) state.IsolateUntil = Math.Max(state.IsolateUntil, state.Committed + IsolateSpan);
            },
            cancellationToken);
        _begun = true;
    }

    /// <summary>
    /// Hands over one event alone, after writing down that it is tried: one that killed the process three times is known
    /// and skipped. It is committed before the next is tried, so that no event is suspected that was applied; one that waits
    /// for longer than a suspect may goes on beside the next.
    /// </summary>
    private async ValueTask IsolateAsync(LogEntry entry, CancellationToken cancellationToken)
    {
        // What kills processes soon after their start, for reasons of its own, is not to meet the same event again.
        if (_state.Isolated == entry.Position && Overtaken?.Isolated != entry.Position && _state.IsolatedAttempts < BuryAfter)
            await Task.Delay(SuspectDelay, _context.Time, cancellationToken);
        await _ports.Isolation.WaitAsync(cancellationToken);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await TakeAloneAsync(entry, cancellationToken);
            var limit = Task.Delay(LongestAlone, _context.Time, over.Token);
            while (_applied <= entry.Position)
            {
                var room = RoomAsync(cancellationToken).AsTask();
                if (await Task.WhenAny(room, limit) == limit && limit.IsCompletedSuccessfully)
                {
                    // What it waits for may wait to be handed over: a merge that another partition, or a later event of this one, has to end.
                    await WriteStateAsync(static state => state.IsolatedAttempts = 0, cancellationToken);
                    return;
                }

                await room;
            }

            await _commit;
        }
        finally
        {
            await over.CancelAsync();
            _ports.Isolation.Release();
        }
    }

    private async ValueTask TakeAloneAsync(LogEntry entry, CancellationToken cancellationToken)
    {
        var again = _state.Isolated == entry.Position;
        if (again && Overtaken?.Isolated == entry.Position)
        {
            await TakeAsync([entry]);
        }
        else if (again && _state.IsolatedAttempts >= BuryAfter)
        {
            // Found: what follows is handed over in batches again.
            await WriteStateAsync(state => state.IsolateUntil = entry.Position + 1, cancellationToken);
            var batch = Enqueue(entry.Position + 1);
            batch.Outstanding++;
            await BuryAsync(entry, batch, DeadLetterReasons.CrashedProcess);
            Done(batch);
        }
        else
        {
            await WriteStateAsync(
                state =>
                {
                    state.IsolatedAttempts = again ? state.IsolatedAttempts + 1 : 1;
                    state.Isolated = entry.Position;
                },
                cancellationToken);
            await TakeAsync([entry]);
        }
    }
}
