namespace Cdp.Grains.Identities;

/// <summary>Bounds of the memory of one tenant's identity grain. A row takes about 500 bytes.</summary>
public sealed record IdentityOptions
{
    /// <summary>Identifiers kept in memory.</summary>
    public int Nodes { get; init; } = 65_536;

    /// <summary>Customers kept in memory.</summary>
    public int Groups { get; init; } = 65_536;

    /// <summary>Pairs of identifiers of which is known whether they were refused.</summary>
    public int Refusals { get; init; } = 65_536;

    /// <summary>Pages of older facts kept in memory.</summary>
    public int FactPages { get; init; } = 256;

    /// <summary>Rows behind the record from which on they are written.</summary>
    public int FlushAt { get; init; } = 2_048;

    /// <summary>Rows behind the record from which on callers wait for the writing.</summary>
    public int WaitAt { get; init; } = 32_768;
}
