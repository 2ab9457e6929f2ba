using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Partitions;

/// <summary>
/// Counts the breaches of schemas by a partition's events, each once: what is counted is written before the position is
/// committed, with the position up to which it is, so that what is delivered again counts no more.
/// </summary>
internal sealed class SchemaBreaches(IStateStore states, IDefinitions definitions, int partition)
{
    /// <summary>Kind of the states that hold counts; key <c>tenant/partition</c>.</summary>
    public const string StateKind = "schema-breaches";

    private const int MostCounts = 1_000;

    private readonly Queue<LogEntry> _uncounted = new();

    /// <summary>Takes note of an event, in the order of the log.</summary>
    public void Add(LogEntry entry)
    {
        if (entry.Event is { Breaches.Count: > 0 }) _uncounted.Enqueue(entry);
    }

    /// <summary>Counts what stands before a position. Durable when it returns.</summary>
    /// <returns>False where another activation wrote meanwhile.</returns>
    public async ValueTask<bool> CountAsync(long position, CancellationToken cancellationToken)
    {
        if (!_uncounted.TryPeek(out var first) || first.Position >= position) return true;
        foreach (var tenant in _uncounted.TakeWhile(entry => entry.Position < position).GroupBy(entry => entry.Tenant, StringComparer.Ordinal))
        {
            var key = KeyOf(tenant.Key, partition);
            var row = await states.ReadAsync(StateKind, key, cancellationToken);
            var counts = row.Exists ? SchemaBreachCounts.Parser.ParseFrom(row.Value.Span) : new SchemaBreachCounts();
            var until = counts.Until;
            foreach (var entry in tenant.Where(entry => entry.Position >= until))
            {
                counts.Until = entry.Position + 1;
                foreach (var breach in entry.Event.Breaches) Count(counts, entry, breach);
            }

            if (counts.Until > until && !definitions.IsSealed(tenant.Key) && await states.WriteAsync(StateKind, key, counts.ToByteArray(), row.Tag, cancellationToken) is null) return false;
        }

        while (_uncounted.TryPeek(out var next) && next.Position < position) _uncounted.Dequeue();
        return true;
    }

    /// <summary>What was counted of a tenant.</summary>
    public static async ValueTask<SchemaBreachCounts> ReadAsync(IStateStore states, string tenant, int partition, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(StateKind, KeyOf(tenant, partition), cancellationToken);
        return row.Exists ? SchemaBreachCounts.Parser.ParseFrom(row.Value.Span) : new SchemaBreachCounts();
    }

    private static void Count(SchemaBreachCounts counts, LogEntry entry, SchemaBreach breach)
    {
        var source = entry.Event.Refused?.Source ?? entry.Event.Source;
        var count = counts.Counts.FirstOrDefault(c => c.Keyword == breach.Keyword && c.Path == breach.Path && c.Type == breach.Type && c.Source == source);
        if (count is null)
        {
            if (counts.Counts.Count >= MostCounts)
            {
                counts.Others++;
                return;
            }

            count = new SchemaBreachCount { Type = breach.Type, Source = source, Path = breach.Path, Keyword = breach.Keyword, FirstAt = entry.Event.ReceivedAt };
            counts.Counts.Add(count);
        }

        if (entry.Event.Refused is null) count.Warned++;
        else count.Rejected++;
        count.LastAt = Math.Max(count.LastAt, entry.Event.ReceivedAt);
        count.LastPosition = entry.Position;
    }

    private static string KeyOf(string tenant, int partition) => string.Create(CultureInfo.InvariantCulture, $"{tenant}/{partition:D4}");
}
