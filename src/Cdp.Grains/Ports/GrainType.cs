namespace Cdp.Grains.Ports;

/// <summary>Describes one kind of grain to an engine.</summary>
/// <param name="Kind">Short stable name, e.g. <c>customer</c>; used in metrics.</param>
/// <param name="Interface">The interface that callers use.</param>
/// <param name="Create">Makes the plain grain object for one activation.</param>
/// <param name="Calls">Interfaces that grains of this kind may call. Calls go one way; an engine enforces it.</param>
public sealed record GrainType(string Kind, Type Interface, Func<IGrainContext, object> Create, IReadOnlyList<Type> Calls)
{
    /// <summary>Idle time after which an activation may be collected; null: the engine's default.</summary>
    public TimeSpan? IdleAfter { get; init; }

    /// <summary>False for grains that must stay (partitions).</summary>
    public bool Collectable { get; init; } = true;
}
