using Cdp.Grains.Ports;
using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.State;

namespace Cdp.Storage.Postgres.State;

/// <summary>Histories, in the tables <c>history_head</c> and <c>history</c>.</summary>
internal sealed class PostgresHistory(PostgresSource source, StateWriters writers) : IHistory
{
    /// <summary>Entries that a history has at most.</summary>
    private const long MaxEntries = 1L << 48;

    /// <summary>Slices that one statement reads.</summary>
    private const int SlicesAtOnce = 512;

    /// <summary>Bytes of values of a slice, about, when few are wanted.</summary>
    private const int LikelySlice = 128;

    public ValueTask<bool> AppendAsync(string key, long expected, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken)
    {
        HistoryAppends.Check(expected, count, MaxEntries);
        return writers.Of(key).Submit(new AppendHistoryOperation(key, expected, count, slice), cancellationToken).Task;
    }

    public void AppendBehind(string key, long expected, int count, ReadOnlyMemory<byte> slice, IAppendObserver observer)
    {
        HistoryAppends.Check(expected, count, MaxEntries);
        writers.Of(key).Submit(new AppendBehindOperation(key, expected, count, slice, observer) { CanWait = true }, CancellationToken.None);
    }

    public async ValueTask<IReadOnlyList<HistorySliceRow>> ReadAsync(string key, long from, int maxBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        var bytes = Sql.Key(key);
        var slices = new List<HistorySliceRow>();
        var size = 0L;
        for (var next = from; ;)
        {
            var most = Math.Clamp(maxBytes / LikelySlice, 2, SlicesAtOnce);
            var rows = await source.ReadAsync(
                """
                SELECT first, count, slice FROM history
                WHERE key = $1 AND first >= coalesce((SELECT max(first) FROM history WHERE key = $1 AND first <= $2), $2)
                ORDER BY first LIMIT $3
                """,
                [Sql.Of(bytes), Sql.Of(next), Sql.Of(most)],
                row => new HistorySliceRow(row.GetInt64(0), row.GetInt32(1), row.GetFieldValue<byte[]>(2)), cancellationToken).ConfigureAwait(false);
            foreach (var row in rows)
            {
                // The first may end before the entry asked for: at the end of the history.
                if (row.End <= next) continue;
                if (slices.Count > 0 && size + row.Bytes.Length > maxBytes) return slices;
                slices.Add(row);
                size += row.Bytes.Length;
                next = row.End;
            }

            if (rows.Count < most) return slices;
        }
    }

    public async ValueTask<long> LengthAsync(string key, CancellationToken cancellationToken)
    {
        var lengths = await source.ReadAsync("SELECT length FROM history_head WHERE key = $1", [Sql.Of(Sql.Key(key))], row => row.GetInt64(0), cancellationToken).ConfigureAwait(false);
        return lengths.Count > 0 ? lengths[0] : 0;
    }

    public ValueTask<bool> RewriteAsync(string key, long first, int count, ReadOnlyMemory<byte> slice, CancellationToken cancellationToken) =>
        writers.Of(key).Submit(new RewriteHistoryOperation(key, first, count, slice), cancellationToken).Task;

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) =>
        writers.Of(key).Submit(new DeleteHistoryOperation(key, erases: true), cancellationToken).VoidTask;
}
