namespace Cdp.Bench.Cluster.Silos;

/// <summary>What Orleans counted in one silo.</summary>
/// <param name="Answered">Calls that its grains answered.</param>
/// <param name="Stayed">Calls that it sent to itself, Orleans' own included.</param>
/// <param name="Left">The same that it sent to other silos.</param>
/// <param name="Messages">All messages that it sent to other silos, calls as well as answers.</param>
/// <param name="Bytes">Their bytes.</param>
internal sealed record SiloCounters(long Answered, long Stayed, long Left, long Messages, long Bytes)
{
    /// <summary>What came between, or what both are together.</summary>
    /// <param name="a">The later one, or one.</param>
    /// <param name="b">The earlier one, or the other.</param>
    /// <param name="sign">-1 or 1.</param>
    public static SiloCounters Combine(SiloCounters a, SiloCounters b, int sign) => new(
        a.Answered + (sign * b.Answered), a.Stayed + (sign * b.Stayed), a.Left + (sign * b.Left), a.Messages + (sign * b.Messages), a.Bytes + (sign * b.Bytes));
}
