using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Refolds;

/// <summary>
/// Visits the customers of the index one by one, a fifth of the time at most, so that a change of definitions does not
/// compete with events and lookups. Its place is durable: a restart goes on where it was.
/// </summary>
public sealed class RefoldSweepGrain(
    IGrainContext context, IStateStore states, ICustomerIndex customers, IDefinitions definitions, GrainMetrics metrics) : IRefoldSweep, IGrainLifecycle
{
    /// <summary>Kind of the state that holds the place.</summary>
    public const string StateKind = "refold-sweep";

    private const int PageSize = 64;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(250);

    private RefoldSweepState _state = new();
    private string? _tag;
    private IDisposable? _timer;

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(StateKind, context.Key, cancellationToken);
        _tag = row.Tag;
        if (row.Exists) _state = RefoldSweepState.Parser.ParseFrom(row.Value.Span);
    }

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<SweepReply> Sweep(SweepRequest request, CancellationToken cancellationToken)
    {
        var current = await CurrentAsync(cancellationToken);
        if (!IsFor(current))
            await WriteAsync(new RefoldSweepState { DefinitionsVersion = current.Version, FoldVersion = ProfileFold.Version }, cancellationToken);
        if (!_state.Done) GoOn();
        return new SweepReply { DefinitionsVersion = _state.DefinitionsVersion, Visited = _state.Visited, Done = _state.Done };
    }

    private async ValueTask<Definitions> CurrentAsync(CancellationToken cancellationToken) =>
        await definitions.GetAsync(context.Key, cancellationToken)
        ?? throw new InvalidOperationException($"Tenant '{context.Key}' is not known.");

    private bool IsFor(Definitions current) =>
        _state.DefinitionsVersion == current.Version && _state.FoldVersion == ProfileFold.Version;

    private void GoOn() => _timer ??= context.StartTimer(Rest, async cancellationToken =>
    {
        _timer = null;
        try
        {
            await VisitAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or GrainUnavailableException)
        {
            metrics.Retried(e);
        }

        if (!_state.Done) GoOn();
    });

    private async ValueTask VisitAsync(CancellationToken cancellationToken)
    {
        var started = context.Time.GetTimestamp();
        var visit = new RefoldRequest { AsItStands = true };
        do
        {
            var page = await customers.PageAsync(context.Key, _state.After, PageSize, cancellationToken);
            foreach (var id in page)
            {
                // A customer is folded again by what it does with any touch; one that is up to date only says so.
                await context.Grains.Get<ICustomer>($"{context.Key}/{id}").Refold(visit, cancellationToken);
            }

            var next = _state.Clone();
            next.Visited += page.Count;
            if (page.Count > 0) next.After = page[^1];
            next.Done = page.Count < PageSize;
            await WriteAsync(next, cancellationToken);
        }
        while (!_state.Done && context.Time.GetElapsedTime(started) < Work);
    }

    private async ValueTask WriteAsync(RefoldSweepState next, CancellationToken cancellationToken)
    {
        var tag = await states.WriteAsync(StateKind, context.Key, next.ToByteArray(), _tag, cancellationToken);
        if (tag is null)
        {
            context.Abandon();
            throw new OwnershipLostException(context.Key);
        }

        _tag = tag;
        _state = next;
    }
}
