using System.Globalization;
using Cdp.Domain.Decisions;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Decisions;

/// <summary>The one writer of a placement's training log, which publishes the model to the node.</summary>
public sealed class ModelGrain : IModel, IGrainLifecycle
{
    private readonly IGrainContext _context;
    private readonly IModelsListener _listener;
    private readonly IStepObserver _steps;
    private readonly string _tenant;
    private readonly ModelLog _log;
    private ModelState _state = new();

    /// <summary>Makes the grain for one activation.</summary>
    public ModelGrain(IGrainContext context, IStateStore states, IHistory history, IModelsListener listener, IStepObserver steps)
    {
        _context = context;
        _listener = listener;
        _steps = steps;
        (_tenant, var placement) = GrainCatalog.PartsOf(context.Key);
        _log = new ModelLog(states, history, _tenant, uint.Parse(placement, NumberStyles.None, CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken) => _state = await _log.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<LearnReply> Learn(LearnRequest request, CancellationToken cancellationToken)
    {
        if (ModelFold.Fresh(_state, request.Slice) is { Deltas.Count: > 0 } fresh)
        {
            if (!await _log.AppendAsync(_state.Version, fresh))
            {
                _context.Abandon();
                throw new OwnershipLostException(_context.Key);
            }

            _steps.Reached(RecoverySteps.ModelAppended);

            // What was published is shared, and stays as it is.
            var next = _state.Clone();
            ModelFold.Apply(next, fresh);
            _state = next;
            _listener.Learned(_tenant, next);
            await _log.KeepAsync(next, cancellationToken);
        }

        return new LearnReply { Version = _state.Version };
    }

    /// <inheritdoc/>
    public async ValueTask<ReadModelReply> Read(ReadModelRequest request, CancellationToken cancellationToken)
    {
        var state = _state;
        return new ReadModelReply { State = request.Version == state.Version ? state : await _log.ReadAsync(request.Version, cancellationToken) };
    }
}
