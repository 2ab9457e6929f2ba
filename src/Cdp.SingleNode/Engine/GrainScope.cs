using System.Collections.Frozen;
using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Engine;

/// <summary>The grains that one kind of caller may reach.</summary>
internal sealed class GrainScope : IGrains
{
    private readonly FrozenDictionary<Type, GrainKind> _kinds;
    private readonly FrozenSet<Type> _known;
    private readonly string? _caller;

    /// <param name="all">Every kind of the engine.</param>
    /// <param name="caller">The calling kind; null: a caller outside, who may reach all.</param>
    internal GrainScope(IReadOnlyCollection<GrainKind> all, GrainKind? caller)
    {
        _caller = caller?.Kind;
        _known = all.Select(kind => kind.Interface).ToFrozenSet();
        _kinds = all.Where(kind => caller is null || caller.Calls.Contains(kind.Interface)).ToFrozenDictionary(kind => kind.Interface);
    }

    public TGrain Get<TGrain>(string key) where TGrain : class
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (!_kinds.TryGetValue(typeof(TGrain), out var kind))
            throw Refusal(typeof(TGrain));
        return (TGrain)(object)kind.Get(key);
    }

    private InvalidOperationException Refusal(Type type) => new(_known.Contains(type)
        ? $"A grain of kind '{_caller}' may not call {type.Name}: calls go one way, and {type.Name} is not among the kind's Calls."
        : $"No kind of grain with the interface {type.Name} is registered with this engine.");
}
