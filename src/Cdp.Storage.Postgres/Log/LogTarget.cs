using Cdp.Storage.Log;
using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.Writing;
using Npgsql;

namespace Cdp.Storage.Postgres.Log;

/// <summary>
/// Appends of some partitions. The row of a partition's end is locked until the commit, so that positions have no gaps and
/// become visible in their order, however many processes append.
/// </summary>
internal sealed class LogTarget(PostgresSource source, StoreOwner owner) : PostgresTarget(source, owner)
{
    private readonly LogPacker _packer = new();

    protected override void Execute(NpgsqlConnection connection, IReadOnlyList<WriteOperation> operations)
    {
        Append(connection, [.. operations.OfType<AppendOperation>().GroupBy(a => a.Partition).OrderBy(g => g.Key).Select(g => (g.Key, g.ToList()))]);

        // After the appends: a position that is known to a caller was committed before, so that the order is free.
        foreach (var blank in operations.OfType<BlankOperation>())
        {
            try
            {
                blank.Result = Blank(connection, blank);
            }
            catch (Exception e) when (e is LogDamagedException or ArgumentException)
            {
                blank.Error = e;
            }
        }
    }

    private void Append(NpgsqlConnection connection, IReadOnlyList<(int Partition, List<AppendOperation> Appends)> partitions)
    {
        if (partitions.Count == 0) return;
        var ends = Ends(connection, [.. partitions.Select(p => p.Partition)]);
        var blocks = new Blocks();
        var nexts = new long[ends.Length];
        for (var i = 0; i < ends.Length; i++)
        {
            var (partition, era, next) = ends[i];
            nexts[i] = _packer.Pack(partition, next, partitions[i].Appends, (first, count, block) => blocks.Add(era, partition, first, count, block));
        }

        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Command(
            "UPDATE log_end e SET next = n.next FROM unnest($1, $2) AS n(partition, next) WHERE e.partition = n.partition",
            Sql.Of([.. ends.Select(e => e.Partition)]), Sql.Of(nexts)));
        blocks.AddTo(batch);
        batch.ExecuteNonQuery();
    }

    /// <summary>Locks the ends of partitions, always in the same order.</summary>
    private (int Partition, int Era, long Next)[] Ends(NpgsqlConnection connection, int[] partitions)
    {
        using var batch = new NpgsqlBatch(connection);
        AskOwner(batch);
        batch.BatchCommands.Add(Sql.Command("SELECT partition, era, next FROM log_end WHERE partition = ANY($1) ORDER BY partition FOR UPDATE", Sql.Of(partitions)));
        using var reader = batch.ExecuteReader();
        CheckOwner(reader);
        var ends = new List<(int, int, long)>(partitions.Length);
        while (reader.Read()) ends.Add((reader.GetInt32(0), reader.GetInt32(1), reader.GetInt64(2)));
        return ends.Count == partitions.Length ? [.. ends] : throw new StorageException("The table log_end lacks a partition; restore the database from a backup.");
    }

    private bool Blank(NpgsqlConnection connection, BlankOperation operation)
    {
        int era;
        long first;
        byte[] block;
        using (var find = new NpgsqlBatch(connection))
        {
            AskOwner(find);
            find.BatchCommands.Add(Sql.Command(LogStatements.BlockOf + " FOR UPDATE OF b", Sql.Of(operation.Partition), Sql.Of(operation.Position)));
            using var reader = find.ExecuteReader();
            CheckOwner(reader);
            if (!reader.Read()) return false;
            (era, first, block) = (reader.GetInt32(0), reader.GetInt64(1), reader.GetFieldValue<byte[]>(3));
            if (operation.Position >= first + reader.GetInt32(2)) return false;
        }

        LogBlock.Blank(block, operation.Partition, first, operation.Position, operation.Remainder.Span);
        using var update = new NpgsqlBatch(connection);
        update.BatchCommands.Add(Sql.Command(
            "UPDATE log_block SET block = $4 WHERE era = $1 AND partition = $2 AND first = $3",
            Sql.Of(era), Sql.Of(operation.Partition), Sql.Of(first), Sql.Of(block)));
        update.ExecuteNonQuery();
        return true;
    }

    /// <summary>Blocks of one transaction, as columns.</summary>
    private sealed class Blocks
    {
        private readonly List<int> _eras = [];
        private readonly List<int> _partitions = [];
        private readonly List<long> _firsts = [];
        private readonly List<int> _counts = [];
        private readonly List<byte[]> _blocks = [];

        public void Add(int era, int partition, long first, int count, ReadOnlySpan<byte> block)
        {
            _eras.Add(era);
            _partitions.Add(partition);
            _firsts.Add(first);
            _counts.Add(count);
            _blocks.Add(block.ToArray());
        }

        public void AddTo(NpgsqlBatch batch)
        {
            if (_blocks.Count == 0) return;
            batch.BatchCommands.Add(Sql.Command(
                "INSERT INTO log_block (era, partition, first, count, block) SELECT * FROM unnest($1, $2, $3, $4, $5)",
                Sql.Of([.. _eras]), Sql.Of([.. _partitions]), Sql.Of([.. _firsts]), Sql.Of([.. _counts]), Sql.Of([.. _blocks])));
        }
    }
}
