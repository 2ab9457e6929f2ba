using System.Globalization;
using System.Text;
using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.State;
using Cdp.Storage.Writing;
using Npgsql;

namespace Cdp.Storage.Postgres.State;

/// <summary>
/// Writes that a few statements execute together: each state and each history at most once, but for appends that follow one
/// another. What does not fit belongs to the next round, so that the order of writes to one key is kept.
/// </summary>
internal sealed class StateRound
{
    private readonly Dictionary<(string Kind, string Key), WriteOperation> _states = [];
    private readonly Dictionary<string, Chain> _appends = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DeleteHistoryOperation> _deletes = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Key, long First), RewriteHistoryOperation> _rewrites = [];
    private readonly HashSet<string> _rewritten = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Tenant, string Customer), bool> _customers = [];
    private readonly List<DropOperation> _drops = [];
    private readonly List<Action<NpgsqlDataReader>> _results = [];

    /// <summary>Whether there is nothing to execute.</summary>
    public bool IsEmpty => _states.Count + _appends.Count + _deletes.Count + _rewrites.Count + _customers.Count + _drops.Count == 0;

    /// <summary>After the results were read: appends whose predecessor was refused, in their order.</summary>
    public List<WriteOperation> Refused { get; } = [];

    /// <summary>Adds a write. One whose key has no bytes fails alone.</summary>
    /// <returns>False when it belongs to the next round.</returns>
    public bool TryAdd(WriteOperation operation)
    {
        try
        {
            return operation switch
            {
                PutStateOperation put => TryAddState(put, put.Kind, put.Key),
                ClearStateOperation clear => TryAddState(clear, clear.Kind, clear.Key),
                IHistoryAppend append => TryAddAppend(append),
                DeleteHistoryOperation delete => !_appends.ContainsKey(Checked(delete.Key)) && !_rewritten.Contains(delete.Key) && _deletes.TryAdd(delete.Key, delete),
                RewriteHistoryOperation rewrite => TryAddRewrite(rewrite),
                IndexOperation index => TryAddCustomer(index),
                DropOperation drop => TryAddDrop(drop),
                _ => throw new NotSupportedException($"PostgreSQL has no write {operation.GetType().Name}."),
            };
        }
        catch (Exception e) when (e is EncoderFallbackException or ArgumentException)
        {
            operation.Error = e;
            return true;
        }
    }

    /// <summary>Adds the statements.</summary>
    public void AddTo(NpgsqlBatch batch)
    {
        AddStates(batch);
        AddAppends(batch);
        AddDeletes(batch);
        AddRewrites(batch);
        AddCustomers(batch, adds: true, "INSERT INTO customer (tenant, id) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING");
        AddCustomers(batch, adds: false, "DELETE FROM customer c USING unnest($1, $2) AS n(tenant, id) WHERE c.tenant = n.tenant AND c.id = n.id");
        foreach (var drop in _drops) drop.AddTo(batch, _results);
    }

    /// <summary>Reads the results of the statements.</summary>
    public void Read(NpgsqlDataReader reader)
    {
        // Statements without a result have none to go on to.
        for (var i = 0; i < _results.Count; i++)
        {
            if (i > 0) reader.NextResult();
            _results[i](reader);
        }

        foreach (var chain in _appends.Values.Where(c => !c.Owned))
        {
            chain.Appends[0].Owned = false;
            Refused.AddRange(chain.Appends.Skip(1).Cast<WriteOperation>());
        }
    }

    /// <summary>A key, if it has bytes, and no more than an entry of an index has room for.</summary>
    private static string Checked(string key, string before = "") =>
        Sql.Size(before) + Sql.Size(key) <= PostgresStore.MaxKeyBytes ? key : throw new ArgumentException($"A key has at most {PostgresStore.MaxKeyBytes} bytes.", nameof(key));

    private static IEnumerable<T> Sorted<T>(IEnumerable<T> items, Func<T, string> key) => items.OrderBy(key, StringComparer.Ordinal);

    private bool TryAddState(WriteOperation operation, string kind, string key) => _states.TryAdd((kind, Checked(key, kind)), operation);

    private bool TryAddAppend(IHistoryAppend append)
    {
        if (_deletes.ContainsKey(append.Key)) return false;
        if (_appends.TryGetValue(append.Key, out var chain))
        {
            if (chain.End != append.Expected) return false;
        }
        else
        {
            _appends.Add(Checked(append.Key), chain = new Chain(append.Expected));
        }

        chain.Appends.Add(append);
        chain.End += append.Count;
        return true;
    }

    /// <summary>After appends to the same history, which may be of the slice, and never beside its deletion.</summary>
    private bool TryAddRewrite(RewriteHistoryOperation rewrite)
    {
        if (_deletes.ContainsKey(Checked(rewrite.Key)) || !_rewrites.TryAdd((rewrite.Key, rewrite.First), rewrite)) return false;
        _rewritten.Add(rewrite.Key);
        return true;
    }

    private bool TryAddCustomer(IndexOperation index)
    {
        var key = (index.Tenant, Checked(index.Customer, index.Tenant));
        if (_customers.TryGetValue(key, out var adds) && adds != index.Adds) return false;
        _customers[key] = index.Adds;
        return true;
    }

    private bool TryAddDrop(DropOperation drop)
    {
        _drops.Add(drop);
        return true;
    }

    private void AddStates(NpgsqlBatch batch)
    {
        List<PutStateOperation> inserts = [];
        List<(PutStateOperation Put, long Tag)> updates = [];
        List<(ClearStateOperation Clear, long Tag)> clears = [];
        List<ClearStateOperation> checks = [];
        foreach (var operation in Sorted(_states, s => s.Key.Key).Select(s => s.Value))
        {
            switch (operation)
            {
                case PutStateOperation { ExpectedTag: null } put: inserts.Add(put); break;
                case PutStateOperation put when long.TryParse(put.ExpectedTag, CultureInfo.InvariantCulture, out var tag): updates.Add((put, tag)); break;
                case ClearStateOperation { ExpectedTag: null } clear: checks.Add(clear); break;
                case ClearStateOperation clear when long.TryParse(clear.ExpectedTag, CultureInfo.InvariantCulture, out var tag): clears.Add((clear, tag)); break;

                // Tags are numbers: another text was never one of them.
                case PutStateOperation put: put.Result = null; break;
                case ClearStateOperation clear: clear.Result = false; break;
            }
        }

        foreach (var put in inserts) put.Result = null;
        foreach (var (put, _) in updates) put.Result = null;
        foreach (var (clear, _) in clears) clear.Result = false;
        foreach (var clear in checks) clear.Result = true;
        if (inserts.Count > 0)
        {
            Add(
                batch, ReadTags,
                "INSERT INTO state (kind, key, tag, value) SELECT kind, key, nextval('tag'), value FROM unnest($1, $2, $3) AS n(kind, key, value) ON CONFLICT DO NOTHING RETURNING kind, key, tag",
                Sql.Of([.. inserts.Select(p => p.Kind)]), Sql.Of([.. inserts.Select(p => Sql.Key(p.Key))]), Sql.Of([.. inserts.Select(p => p.Value.ToArray())]));
        }

        if (updates.Count > 0)
        {
            Add(
                batch, ReadTags,
                """
                UPDATE state s SET tag = nextval('tag'), value = n.value FROM unnest($1, $2, $3, $4) AS n(kind, key, value, expected)
                WHERE s.kind = n.kind AND s.key = n.key AND s.tag = n.expected RETURNING s.kind, s.key, s.tag
                """,
                Sql.Of([.. updates.Select(p => p.Put.Kind)]), Sql.Of([.. updates.Select(p => Sql.Key(p.Put.Key))]),
                Sql.Of([.. updates.Select(p => p.Put.Value.ToArray())]), Sql.Of([.. updates.Select(p => p.Tag)]));
        }

        if (clears.Count > 0)
        {
            Add(
                batch, reader => ReadClears(reader, cleared: true),
                "DELETE FROM state s USING unnest($1, $2, $3) AS n(kind, key, expected) WHERE s.kind = n.kind AND s.key = n.key AND s.tag = n.expected RETURNING s.kind, s.key",
                Sql.Of([.. clears.Select(c => c.Clear.Kind)]), Sql.Of([.. clears.Select(c => Sql.Key(c.Clear.Key))]), Sql.Of([.. clears.Select(c => c.Tag)]));
        }

        if (checks.Count > 0)
        {
            Add(
                batch, reader => ReadClears(reader, cleared: false),
                "SELECT s.kind, s.key FROM state s JOIN unnest($1, $2) AS n(kind, key) USING (kind, key)",
                Sql.Of([.. checks.Select(c => c.Kind)]), Sql.Of([.. checks.Select(c => Sql.Key(c.Key))]));
        }
    }

    private void ReadTags(NpgsqlDataReader reader)
    {
        while (reader.Read())
        {
            var put = (PutStateOperation)_states[(reader.GetString(0), Sql.Text(reader.GetFieldValue<byte[]>(1)))];
            put.Result = reader.GetInt64(2).ToString(CultureInfo.InvariantCulture);
        }
    }

    private void ReadClears(NpgsqlDataReader reader, bool cleared)
    {
        while (reader.Read()) ((ClearStateOperation)_states[(reader.GetString(0), Sql.Text(reader.GetFieldValue<byte[]>(1)))]).Result = cleared;
    }

    /// <summary>The heads' rows decide: who finds another length, or none, appends nothing.</summary>
    private void AddAppends(NpgsqlBatch batch)
    {
        if (_appends.Count == 0) return;
        var chains = Sorted(_appends, c => c.Key).ToList();
        var slices = chains.SelectMany(c => c.Value.Appends).ToList();
        Add(
            batch, ReadAppends,
            """
            WITH chain AS MATERIALIZED (SELECT * FROM unnest($1, $2, $3) AS c(key, expected, next)),
            longer AS (
              UPDATE history_head h SET length = c.next FROM chain c
              WHERE c.expected > 0 AND h.key = c.key AND h.length = c.expected RETURNING h.key),
            begun AS (
              INSERT INTO history_head (key, length) SELECT key, next FROM chain WHERE expected = 0
              ON CONFLICT DO NOTHING RETURNING key),
            owned AS (SELECT key FROM longer UNION ALL SELECT key FROM begun),
            appended AS (
              INSERT INTO history (key, first, count, slice)
              SELECT s.* FROM unnest($4, $5, $6, $7) AS s(key, first, count, slice) JOIN owned USING (key))
            SELECT key FROM owned
            """,
            Sql.Of([.. chains.Select(c => Sql.Key(c.Key))]), Sql.Of([.. chains.Select(c => c.Value.Expected)]), Sql.Of([.. chains.Select(c => c.Value.End)]),
            Sql.Of([.. slices.Select(s => Sql.Key(s.Key))]), Sql.Of([.. slices.Select(s => s.Expected)]), Sql.Of([.. slices.Select(s => s.Count)]), Sql.Of([.. slices.Select(s => s.Slice.ToArray())]));
    }

    private void ReadAppends(NpgsqlDataReader reader)
    {
        while (reader.Read())
        {
            var chain = _appends[Sql.Text(reader.GetFieldValue<byte[]>(0))];
            chain.Owned = true;
            foreach (var append in chain.Appends) append.Owned = true;
        }
    }

    /// <summary>Heads first: an append of another process waits for the row, and then finds none.</summary>
    private void AddDeletes(NpgsqlBatch batch)
    {
        if (_deletes.Count == 0) return;
        byte[][] Keys() => [.. Sorted(_deletes.Keys, k => k).Select(Sql.Key)];
        batch.BatchCommands.Add(Sql.Command("DELETE FROM history_head WHERE key = ANY($1)", Sql.Of(Keys())));
        batch.BatchCommands.Add(Sql.Command("DELETE FROM history WHERE key = ANY($1)", Sql.Of(Keys())));
    }

    /// <summary>Rewrites what fits; who rewrote nothing asks afterwards whether it was for the length, which never grows.</summary>
    private void AddRewrites(NpgsqlBatch batch)
    {
        if (_rewrites.Count == 0) return;
        var rewrites = _rewrites.Values.OrderBy(r => r.Key, StringComparer.Ordinal).ThenBy(r => r.First).ToList();
        foreach (var rewrite in rewrites) rewrite.Result = false;
        Add(
            batch, reader => ReadRewrites(reader, static (rewrite, _) => rewrite.Result = true),
            """
            UPDATE history h SET slice = n.slice FROM unnest($1, $2, $3, $4) AS n(key, first, count, slice)
            WHERE h.key = n.key AND h.first = n.first AND h.count = n.count AND octet_length(h.slice) >= octet_length(n.slice)
            RETURNING h.key, h.first
            """,
            Sql.Of([.. rewrites.Select(r => Sql.Key(r.Key))]), Sql.Of([.. rewrites.Select(r => r.First)]), Sql.Of([.. rewrites.Select(r => r.Count)]),
            Sql.Of([.. rewrites.Select(r => r.Slice.ToArray())]));
        Add(
            batch, reader => ReadRewrites(reader, CheckLength),
            "SELECT h.key, h.first, octet_length(h.slice) FROM history h JOIN unnest($1, $2, $3) AS n(key, first, count) USING (key, first, count)",
            Sql.Of([.. rewrites.Select(r => Sql.Key(r.Key))]), Sql.Of([.. rewrites.Select(r => r.First)]), Sql.Of([.. rewrites.Select(r => r.Count)]));
    }

    private void ReadRewrites(NpgsqlDataReader reader, Action<RewriteHistoryOperation, NpgsqlDataReader> read)
    {
        while (reader.Read()) read(_rewrites[(Sql.Text(reader.GetFieldValue<byte[]>(0)), reader.GetInt64(1))], reader);
    }

    private static void CheckLength(RewriteHistoryOperation rewrite, NpgsqlDataReader reader)
    {
        if (rewrite.Result) return;
        try
        {
            HistoryAppends.CheckRewrite(reader.GetInt32(2), rewrite.Slice.Length);
        }
        catch (ArgumentException e)
        {
            rewrite.Error = e;
        }
    }

    private void AddCustomers(NpgsqlBatch batch, bool adds, string sql)
    {
        var customers = Sorted(_customers.Where(c => c.Value == adds), c => c.Key.Customer).Select(c => c.Key).ToList();
        if (customers.Count == 0) return;
        batch.BatchCommands.Add(Sql.Command(sql, Sql.Of([.. customers.Select(c => Sql.Key(c.Tenant))]), Sql.Of([.. customers.Select(c => Sql.Key(c.Customer))])));
    }

    private void Add(NpgsqlBatch batch, Action<NpgsqlDataReader> read, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        batch.BatchCommands.Add(Sql.Command(sql, parameters));
        _results.Add(read);
    }

    /// <summary>Appends to one history that follow one another.</summary>
    private sealed class Chain(long expected)
    {
        public long Expected { get; } = expected;

        public long End { get; set; } = expected;

        public bool Owned { get; set; }

        public List<IHistoryAppend> Appends { get; } = [];
    }
}
