using Cdp.Domain.Events;
using Cdp.Domain.Identity;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Grains.Customers;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Segments;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Refolds;

/// <summary>
/// Visits the customers of the index page by page in the time that others leave over (<see cref="Spare"/>), so that a
/// change of definitions does not compete with events and lookups. Its place is durable: a restart goes on where it was. A
/// customer that comes to be meanwhile, ahead of that place or behind it, knows the new definitions from its first event on;
/// a process that finds out that it did not asks for another sweep. Where a tenant keeps events for a limited time, everybody is
/// visited once a day, and lets go of those that were kept long enough; at the end the dead letters are.
/// </summary>
public sealed class RefoldSweepGrain(IGrainContext context, SweepPorts ports) : IRefoldSweep, IGrainLifecycle
{
    /// <summary>Kind of the state that holds the place.</summary>
    public const string StateKind = "refold-sweep";

    private const int PageSize = 128;

    /// <summary>Between two visits that look for events that were kept long enough.</summary>
    private static readonly TimeSpan ForgetEvery = TimeSpan.FromDays(1);

    private static readonly RefoldSweepState Nowhere = new();

    private readonly GrainState<RefoldSweepState> _kept = new(context, ports.States, StateKind, RefoldSweepState.Parser);
    private readonly Spare _spare = new(ports.Load, context.Time);
    private IGrainTimer? _timer;
    private IGrainTimer? _daily;

    private RefoldSweepState Place => _kept.Value ?? Nowhere;

    private long NowMicros => UnixTime.Micros(context.Time.GetUtcNow());

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        await _kept.ReadAsync(cancellationToken);

        // The activation before may have been dropped in the midst of it.
        if (_kept.Value is { Done: false }) GoOn();
        else await AgainTomorrowAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<SweepReply> Sweep(SweepRequest request, CancellationToken cancellationToken)
    {
        var current = await CurrentAsync(cancellationToken);
        var isFor = IsFor(current);
        if (request.Again || !isFor || ForgetsNow(current))
        {
            var begun = new RefoldSweepState
            {
                DefinitionsVersion = current.Version, FoldVersion = ProfileFold.Version, SegmentsVersion = current.Config.SegmentsVersion,
                BegunAt = NowMicros, RetentionVersion = current.Retention.Version, ForgottenAt = Place.ForgottenAt,

                // One that is not done with what is new begins anew as such.
                ForgetsOnly = !request.Again && isFor && (Place.Done || Place.ForgetsOnly),
            };

            // Another rule may let go of what was kept.
            if (Place.RetentionVersion == begun.RetentionVersion) begun.Letters.Add(Place.Letters);
            await _kept.WriteAsync(begun, cancellationToken);
        }

        if (!Place.Done) GoOn();
        else await AgainTomorrowAsync(cancellationToken);
        return Progress(Place);
    }

    /// <inheritdoc/>
    public async ValueTask<SweepReply> GetProgress(SweepRequest request, CancellationToken cancellationToken) =>
        Progress(IsFor(await CurrentAsync(cancellationToken)) ? Place : new RefoldSweepState { ForgottenAt = Place.ForgottenAt });

    private static SweepReply Progress(RefoldSweepState place) => new()
    {
        DefinitionsVersion = place.DefinitionsVersion,
        Visited = place.Visited,
        Done = place.Done || place.ForgetsOnly,
        Progress = place.Done || place.ForgetsOnly ? 1 : CustomerIds.ShareBefore(place.After),
        ForgottenAt = place.ForgottenAt,
        Forgotten = place.Forgotten,
    };

    private async ValueTask<Definitions> CurrentAsync(CancellationToken cancellationToken) =>
        await ports.Definitions.GetAsync(context.Key, cancellationToken)
        ?? throw new InvalidOperationException($"Tenant '{context.Key}' is not known.");

    private bool IsFor(Definitions current) =>
        Place.DefinitionsVersion == current.Version && Place.FoldVersion == ProfileFold.Version
        && Place.SegmentsVersion == current.Config.SegmentsVersion;

    /// <summary>Whether it is time to look for events that were kept long enough.</summary>
    private bool ForgetsNow(Definitions current) =>
        current.Retention.ShortestMicros is not null
        && (Place.RetentionVersion != current.Retention.Version || (Place.Done && NowMicros - Place.BegunAt >= (long)ForgetEvery.TotalMicroseconds));

    private async ValueTask<bool> ForgetsAsync(CancellationToken cancellationToken) =>
        await ports.Definitions.GetAsync(context.Key, cancellationToken) is { IsDeleted: false, Retention.ShortestMicros: not null };

    private async ValueTask AgainTomorrowAsync(CancellationToken cancellationToken)
    {
        if (!await ForgetsAsync(cancellationToken)) return;
        _daily ??= context.CreateTimer(async stop =>
        {
            if (await ForgetsAsync(stop)) await Sweep(new SweepRequest(), stop);
        });
        var since = TimeSpan.FromMicroseconds(Math.Max(0, NowMicros - Place.BegunAt));
        _daily.Start(since < ForgetEvery ? ForgetEvery - since : TimeSpan.Zero);
    }

    private void GoOn()
    {
        _timer ??= context.CreateTimer(GoOnAsync);
        if (_timer.IsStarted) return;
        _spare.BeginRest();
        _timer.Start(_spare.Rest);
    }

    private async ValueTask GoOnAsync(CancellationToken cancellationToken)
    {
        // Of a tenant that is deleted nobody is left to be visited.
        if (ports.Definitions.IsSealed(context.Key)) return;
        _spare.EndRest();
        try
        {
            await VisitAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever a store or a customer fails with: nobody else would take the page up again.
            ports.Metrics.Retried(e);
        }

        if (!Place.Done) GoOn();
        else await AgainTomorrowAsync(cancellationToken);
    }

    private async ValueTask VisitAsync(CancellationToken cancellationToken)
    {
        var started = context.Time.GetTimestamp();
        var visit = new RefoldRequest { AsItStands = true };
        do
        {
            var page = await ports.Customers.PageAsync(context.Key, Place.After, PageSize, cancellationToken);

            // A customer is folded again by what it does with any touch; one that is up to date only says so. Which
            // segments it is in it states in any case: an earlier visit may have ended before the shards heard it.
            var statements = new ShardStatements(context.Key);
            var visits = page.Select(id => context.Grains.Get<ICustomer>($"{context.Key}/{id}").Refold(visit, cancellationToken).AsTask());
            var replies = await Task.WhenAll(visits);
            foreach (var reply in replies) statements.Add(reply.Membership);
            await Task.WhenAll(statements.Requests.Select(told => context.Grains.Get<ISegment>(told.Key).Mirror(told.Value, cancellationToken).AsTask()));
            ports.Steps.Reached(RecoverySteps.SweepPageDone);
            var next = Place.Clone();
            next.Visited += page.Count;
            next.Forgotten += replies.Sum(reply => reply.Forgotten);
            if (page.Count > 0) next.After = page[^1];
            if (page.Count < PageSize) await EndAsync(next, cancellationToken);
            var before = Place.Forgotten;
            await _kept.WriteAsync(next, cancellationToken);
            ports.Metrics.Forgotten(next.Forgotten - before);
        }
        while (!Place.Done && context.Time.GetElapsedTime(started) < _spare.Work);
    }

    private async ValueTask EndAsync(RefoldSweepState place, CancellationToken cancellationToken)
    {
        place.Done = true;
        var definitions = await CurrentAsync(cancellationToken);
        if (definitions.Retention.ShortestMicros is null) return;
        var old = new OldLetters(ports.Log, ports.History, definitions);
        for (var partition = 0; partition < ports.Log.Partitions; partition++)
        {
            if (place.Letters.Count <= partition) place.Letters.Add(0);
            var (erased, through) = await old.EraseAsync(partition, place.Letters[partition], NowMicros, cancellationToken);
            place.Letters[partition] = through;
            place.Forgotten += erased;
        }

        if (place.Forgotten > 0 && ports.Cleaner is { } cleaner) await cleaner.CleanAsync(cancellationToken);
        place.ForgottenAt = NowMicros;
    }
}
