namespace Cdp.Grains.Ports;

/// <summary>
/// Marks a grain method that may run while other calls of the same grain await. Turns never run in parallel; an
/// interleaving method sees the state as it is between the awaits of others.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InterleavesAttribute : Attribute;
