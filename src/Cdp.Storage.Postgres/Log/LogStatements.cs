namespace Cdp.Storage.Postgres.Log;

/// <summary>Statements that find blocks. The era is found first, so that the tables of others are not looked into.</summary>
internal static class LogStatements
{
    /// <summary>The block with the position $2 of the partition $1, or the last one before it: era, first, count, block.</summary>
    public const string BlockOf = """
        SELECT b.era, b.first, b.count, b.block FROM log_block b
        WHERE b.partition = $1
          AND b.era = (SELECT e.era FROM log_era e WHERE e.partition = $1 AND e.first <= $2 ORDER BY e.first DESC LIMIT 1)
          AND b.first = (
            SELECT max(c.first) FROM log_block c
            WHERE c.partition = $1 AND c.first <= $2
              AND c.era = (SELECT e.era FROM log_era e WHERE e.partition = $1 AND e.first <= $2 ORDER BY e.first DESC LIMIT 1))
        """;

    /// <summary>Blocks of the partition $1 in order, from the one with the position $2 on, $3 at most: first, block.</summary>
    public const string BlocksFrom = """
        SELECT b.first, b.block FROM log_block b
        WHERE b.partition = $1
          AND b.era >= coalesce((SELECT e.era FROM log_era e WHERE e.partition = $1 AND e.first <= $2 ORDER BY e.first DESC LIMIT 1), 0)
          AND b.first >= coalesce((
            SELECT max(c.first) FROM log_block c
            WHERE c.partition = $1 AND c.first <= $2
              AND c.era = (SELECT e.era FROM log_era e WHERE e.partition = $1 AND e.first <= $2 ORDER BY e.first DESC LIMIT 1)), $2)
        ORDER BY b.era, b.first LIMIT $3
        """;

    /// <summary>The blocks with the positions ($1, $2), each once: partition, first, count, block.</summary>
    public const string BlocksOf = """
        SELECT b.partition, b.first, b.count, b.block
        FROM (
          SELECT DISTINCT e.era, p.partition, f.first
          FROM unnest($1, $2) AS p(partition, position)
          CROSS JOIN LATERAL (SELECT e.era FROM log_era e WHERE e.partition = p.partition AND e.first <= p.position ORDER BY e.first DESC LIMIT 1) e
          CROSS JOIN LATERAL (
            SELECT c.first FROM log_block c WHERE c.era = e.era AND c.partition = p.partition AND c.first <= p.position
            ORDER BY c.first DESC LIMIT 1) f
        ) w
        JOIN log_block b ON b.era = w.era AND b.partition = w.partition AND b.first = w.first
        """;
}
