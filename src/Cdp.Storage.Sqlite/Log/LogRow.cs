namespace Cdp.Storage.Sqlite.Log;

/// <summary>
/// The key of a row: partition and first position in one integer, so that a row is found by one descent of a tree of
/// integers and a partition's rows lie together.
/// </summary>
internal static class LogRow
{
    /// <summary>Highest position.</summary>
    public const long MaxPosition = (1L << PositionBits) - 1;

    private const int PositionBits = 48;

    public static long Id(int partition, long position) => ((long)partition << PositionBits) | position;

    public static int Partition(long id) => (int)(id >> PositionBits);

    public static long Position(long id) => id & MaxPosition;
}
