using Cdp.Domain.Identity;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.Segments;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Refolds;

/// <summary>
/// Visits the customers of the index page by page in the time that others leave over (<see cref="Spare"/>), so that a
/// change of definitions does not compete with events and lookups. Its place is durable: a restart goes on where it was. A
/// customer that comes to be meanwhile, ahead of that place or behind it, knows the new definitions from its first event on;
/// a process that finds out that it did not asks for another sweep.
/// </summary>
public sealed class RefoldSweepGrain(
    IGrainContext context, IStateStore states, ICustomerIndex customers, IDefinitions definitions, INodeLoad load, IStepObserver steps, GrainMetrics metrics) : IRefoldSweep, IGrainLifecycle
{
    /// <summary>Kind of the state that holds the place.</summary>
    public const string StateKind = "refold-sweep";

    private const int PageSize = 128;
    private static readonly RefoldSweepState Nowhere = new();

    private readonly GrainState<RefoldSweepState> _kept = new(context, states, StateKind, RefoldSweepState.Parser);
    private readonly Spare _spare = new(load, context.Time);
    private IGrainTimer? _timer;

    private RefoldSweepState Place => _kept.Value ?? Nowhere;

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        await _kept.ReadAsync(cancellationToken);

        // The activation before may have been dropped in the midst of it.
        if (_kept.Value is { Done: false }) GoOn();
    }

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<SweepReply> Sweep(SweepRequest request, CancellationToken cancellationToken)
    {
        var current = await CurrentAsync(cancellationToken);
        if (request.Again || !IsFor(current))
        {
            var begun = new RefoldSweepState
            {
                DefinitionsVersion = current.Version, FoldVersion = ProfileFold.Version, SegmentsVersion = current.Config.SegmentsVersion,
            };
            await _kept.WriteAsync(begun, cancellationToken);
        }

        if (!Place.Done) GoOn();
        return Progress(Place);
    }

    /// <inheritdoc/>
    public async ValueTask<SweepReply> GetProgress(SweepRequest request, CancellationToken cancellationToken) =>
        Progress(IsFor(await CurrentAsync(cancellationToken)) ? Place : Nowhere);

    private static SweepReply Progress(RefoldSweepState place) => new()
    {
        DefinitionsVersion = place.DefinitionsVersion,
        Visited = place.Visited,
        Done = place.Done,
        Progress = place.Done ? 1 : CustomerIds.ShareBefore(place.After),
    };

    private async ValueTask<Definitions> CurrentAsync(CancellationToken cancellationToken) =>
        await definitions.GetAsync(context.Key, cancellationToken)
        ?? throw new InvalidOperationException($"Tenant '{context.Key}' is not known.");

    private bool IsFor(Definitions current) =>
        Place.DefinitionsVersion == current.Version && Place.FoldVersion == ProfileFold.Version
        && Place.SegmentsVersion == current.Config.SegmentsVersion;

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
        if (definitions.IsSealed(context.Key)) return;
        _spare.EndRest();
        try
        {
            await VisitAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever a store or a customer fails with: nobody else would take the page up again.
            metrics.Retried(e);
        }

        if (!Place.Done) GoOn();
    }

    private async ValueTask VisitAsync(CancellationToken cancellationToken)
    {
        var started = context.Time.GetTimestamp();
        var visit = new RefoldRequest { AsItStands = true };
        do
        {
            var page = await customers.PageAsync(context.Key, Place.After, PageSize, cancellationToken);

            // A customer is folded again by what it does with any touch; one that is up to date only says so. Which
            // segments it is in it states in any case: an earlier visit may have ended before the shards heard it.
            var statements = new ShardStatements(context.Key);
            var visits = page.Select(id => context.Grains.Get<ICustomer>($"{context.Key}/{id}").Refold(visit, cancellationToken).AsTask());
            foreach (var reply in await Task.WhenAll(visits)) statements.Add(reply.Membership);
            await Task.WhenAll(statements.Requests.Select(told => context.Grains.Get<ISegment>(told.Key).Mirror(told.Value, cancellationToken).AsTask()));
            steps.Reached(RecoverySteps.SweepPageDone);
            var next = Place.Clone();
            next.Visited += page.Count;
            if (page.Count > 0) next.After = page[^1];
            next.Done = page.Count < PageSize;
            await _kept.WriteAsync(next, cancellationToken);
        }
        while (!Place.Done && context.Time.GetElapsedTime(started) < _spare.Work);
    }
}
