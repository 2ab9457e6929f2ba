namespace Cdp.Node.Demo;

/// <summary>What the user asks of the demo.</summary>
internal sealed record DemoOptions
{
    /// <summary>Decides what the crowd does.</summary>
    public long Seed { get; init; } = 1;

    public DemoScale Scale { get; init; } = DemoScale.Full;

    /// <summary>How long lookups and visibility are measured.</summary>
    public TimeSpan Measuring { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Whether the server is left running until the user ends it.</summary>
    public bool Serve { get; init; }

    /// <summary>An empty PostgreSQL database for the server's data; null: a directory.</summary>
    public string? Postgres { get; init; }

    /// <summary>Directory to keep the data in; null: a temporary one, deleted at the end.</summary>
    public string? Keep { get; init; }
}
