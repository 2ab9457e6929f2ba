namespace Cdp.Bench.Cluster.Silos;

/// <summary>What Orleans counted in one silo.</summary>
/// <param name="Calls">Calls that its grains answered.</param>
/// <param name="Stayed">Messages that it sent to itself: calls, answers, and Orleans' own.</param>
/// <param name="Sent">The same that it sent to other silos.</param>
/// <param name="Bytes">Bytes that it sent to other silos.</param>
internal sealed record SiloCounters(long Calls, long Stayed, long Sent, long Bytes)
{
    /// <summary>What came between, or what both are together.</summary>
    /// <param name="a">The later one, or one.</param>
    /// <param name="b">The earlier one, or the other.</param>
    /// <param name="sign">-1 or 1.</param>
    public static SiloCounters Combine(SiloCounters a, SiloCounters b, int sign) =>
        new(a.Calls + (sign * b.Calls), a.Stayed + (sign * b.Stayed), a.Sent + (sign * b.Sent), a.Bytes + (sign * b.Bytes));
}
