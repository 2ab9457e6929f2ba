using System.Collections.Concurrent;
using Cdp.Domain.Decisions;
using Cdp.Domain.Tenants;
using Cdp.Grains.Decisions;
using Cdp.Grains.Ports;
using Cdp.State.V1;

namespace Cdp.Grains.Hosting;

/// <summary>The process's models: read once from the store, replaced when a model grain learned.</summary>
/// <param name="states">Where folds of training logs are kept.</param>
/// <param name="history">Where training logs are.</param>
public sealed class ModelsCache(IStateStore states, IHistory history) : IModels, IModelsListener
{
    private readonly ConcurrentDictionary<(string Tenant, uint Placement), Slot> _slots = new();

    /// <inheritdoc/>
    public ValueTask<PlacementModel> GetAsync(Definitions definitions, CompiledPlacement placement, CancellationToken cancellationToken)
    {
        var slot = SlotOf(definitions.Tenant, placement.Number);
        return slot.State is { } state ? new(slot.Model(definitions.Actions, placement, state)) : LoadAsync(slot, definitions, placement, cancellationToken);
    }

    /// <inheritdoc/>
    public void Learned(string tenant, ModelState state) => SlotOf(tenant, state.Placement).Offer(state);

    private Slot SlotOf(string tenant, uint placement) => _slots.GetOrAdd((tenant, placement), static _ => new Slot());

    private async ValueTask<PlacementModel> LoadAsync(Slot slot, Definitions definitions, CompiledPlacement placement, CancellationToken cancellationToken)
    {
        slot.Offer(await new ModelLog(states, history, definitions.Tenant, placement.Number).ReadAsync(cancellationToken));
        return slot.Model(definitions.Actions, placement, slot.State!);
    }

    /// <summary>One placement's newest model, and what is decided with. Both are replaced, never changed.</summary>
    private sealed class Slot
    {
        private readonly Lock _gate = new();
        private volatile ModelState? _state;
        private volatile PlacementModel? _model;

        public ModelState? State => _state;

        public void Offer(ModelState state)
        {
            lock (_gate)
            {
                if (_state is null || _state.Version < state.Version) _state = state;
            }
        }

        public PlacementModel Model(ActionSet set, CompiledPlacement placement, ModelState state)
        {
            if (_model is { } known && ReferenceEquals(known.Set, set) && known.Version == state.Version) return known;

            // Two may make it at once: both make the same.
            return _model = new PlacementModel(set, placement, state);
        }
    }
}
