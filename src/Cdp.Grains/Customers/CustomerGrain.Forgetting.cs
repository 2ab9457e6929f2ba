using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.State.V1;

namespace Cdp.Grains.Customers;

/// <content>Letting go of events that were kept long enough.</content>
public sealed partial class CustomerGrain
{
    // Nothing is to be looked for before that moment, under that version of the tenant's retention.
    private long _forgetAt;
    private long _retentionVersion;

    /// <summary>
    /// Erases the content of events that were kept long enough, and makes sure that the profile is folded without them. Not while
    /// the customer has the use of its data restricted: it may need them (GDPR, article 18).
    /// </summary>
    /// <returns>Events whose content was erased, and whether the profile may have had some that are gone.</returns>
    private async ValueTask<(int Erased, bool IsNew)> ForgetOldAsync(Definitions definitions, CancellationToken cancellationToken)
    {
        var retention = definitions.Retention;
        if (retention.ShortestMicros is null || _profile.Restricted) return (0, false);
        var now = UnixTime.Micros(_context.Time.GetUtcNow());
        if (_retentionVersion == retention.Version && now < _forgetAt) return (0, false);
        var old = await new OldEvents(_ports.Log, _ports.History, Reader, Fold, retention).EraseAsync(_key, _sequence, now, cancellationToken);

        // Also what was erased earlier may be in the profile: an activation before may have been dropped in the midst of it. The
        // entry makes what the customer states from now on newer than what it stated before.
        if (old.Gone > 0)
        {
            using var writing = _write.Begin();
            await AppendAsync(new HistorySlice { Entries = { new HistoryEntry { Forgotten = new ForgottenEntry { At = now, Events = old.Erased } } } }, cancellationToken);
            _foldAgain = true;
        }

        (_forgetAt, _retentionVersion) = (old.Next, retention.Version);
        _sinceSnapshot++;
        return (old.Erased, old.Gone > 0);
    }

    /// <summary>A customer that was merged into another needs no profile any more: the other folds its events.</summary>
    private async ValueTask ForgetProfileAsync(Definitions definitions, CancellationToken cancellationToken)
    {
        if (definitions.Retention.ShortestMicros is null || _profile.CalculateSize() == 0) return;
        (_profile, _rendered, _foldAgain) = (new ProfileState(), null, true);
        await SnapshotNowAsync(cancellationToken);
    }

    /// <summary>What was stored before is overwritten when it returns.</summary>
    private async ValueTask SnapshotNowAsync(CancellationToken cancellationToken)
    {
        await BehindAsync();
        await _snapshots.WriteAsync(Snapshot, cancellationToken);
        _sinceSnapshot = 0;
    }
}
