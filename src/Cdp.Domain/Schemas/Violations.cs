namespace Cdp.Domain.Schemas;

/// <summary>Gathers violations, up to a number.</summary>
internal sealed class Violations(int most)
{
    /// <summary>What was gathered.</summary>
    public List<SchemaViolation> All { get; } = [];

    /// <summary>Whether looking on would change nothing.</summary>
    public bool IsFull => All.Count >= most;

    /// <summary>Adds one.</summary>
    public void Add(string path, string keyword, string message)
    {
        if (!IsFull) All.Add(new SchemaViolation(path, keyword, message));
    }
}
