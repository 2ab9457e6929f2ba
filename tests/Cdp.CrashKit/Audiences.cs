using System.Diagnostics;
using System.Globalization;
using Cdp.Client;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.CrashKit;

/// <summary>
/// Segments that a run defines and edits while its server is killed, and who belongs into them by the events alone.
/// </summary>
public sealed class Audiences(int seed)
{
    private static readonly CallOptions Patient = new() { Timeout = TimeSpan.FromSeconds(60) };
    private static readonly TimeSpan MostBackfilling = TimeSpan.FromMinutes(3);

    private static readonly Kind[] Kinds =
    [
        new("buyers", "orders.count >= {0}", (events, n) => events.Count(IsOrder) >= n),
        new("spenders", "revenue.EUR.gross > {0}00 EUR", (events, n) => events.Where(e => IsOrder(e) && Text(e, "currency") == "EUR").Sum(e => Number(Text(e, "total"))) > 100 * n),
        new("collectors", "traits.points > {0}00", (events, n) => events.Sum(e => e.Traits is { } traits ? Number(traits.Add["points"].DecimalValue) : 0) > 100 * n),
        new("regulars", "events.count > {0}", (events, n) => events.Count > n),
        new("walk-ins", "channels.store.count > channels.web.count and events.count >= {0}", (events, n) => events.Count(e => e.Channel == "store") > events.Count(e => e.Channel == "web") && events.Count >= n),
        new("silent", "events.count < {0} and orders.count == 0", (events, n) => events.Count < n && !events.Any(IsOrder)),
    ];

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, int> _limits = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _tried = new(StringComparer.Ordinal);

    /// <summary>The ids of all segments.</summary>
    public static IEnumerable<string> Ids => Kinds.Select(kind => kind.Id);

    /// <summary>Puts what is not there, and edits one, always or every other time.</summary>
    /// <returns>False where the server died over it.</returns>
    public async Task<bool> PutAsync(CdpClient client, bool always, CancellationToken cancellationToken)
    {
        if (_limits.Count == Kinds.Length && (_random.Next(2) == 0 || always)) _limits.Remove(Kinds[_random.Next(Kinds.Length)].Id);
        foreach (var kind in Kinds)
        {
            if (_limits.ContainsKey(kind.Id)) continue;

            // Never the one before, nor the one of a call that the server died over: each is an edit.
            var limit = _tried[kind.Id] = 1 + ((_tried.GetValueOrDefault(kind.Id) + _random.Next(4)) % 5);
            var segment = new Segment { Id = kind.Id, Expression = string.Format(CultureInfo.InvariantCulture, kind.Expression, limit) };
            try
            {
                await client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = segment }, Patient, cancellationToken);
            }
            catch (CallException e) when (e.StatusCode == Code.Unavailable)
            {
                return false;
            }

            _limits[kind.Id] = limit;
        }

        return true;
    }

    /// <summary>Waits until every customer is evaluated under the newest definitions.</summary>
    /// <exception cref="TimeoutException">The backfill does not come to its end.</exception>
    public static async Task BackfilledAsync(CdpClient client, CancellationToken cancellationToken)
    {
        var request = new CountMembersRequest { Segment = Kinds[0].Id };
        var started = Stopwatch.GetTimestamp();
        while ((await client.Segments.CountMembersAsync(request, Patient, cancellationToken)).Backfill is { Done: false } open)
        {
            if (Stopwatch.GetElapsedTime(started) > MostBackfilling) throw new TimeoutException($"After {MostBackfilling.TotalMinutes:0} minutes the backfill still is at {open}.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    /// <summary>The segments of a customer with these events.</summary>
    public IEnumerable<string> Of(IReadOnlyCollection<Event> events) => Kinds.Where(kind => kind.Holds(events, _limits[kind.Id])).Select(kind => kind.Id);

    private static bool IsOrder(Event e) => e.Properties.ContainsKey("total");

    private static string Text(Event e, string property) => e.Properties[property] is { HasDecimalValue: true } value ? value.DecimalValue : e.Properties[property].StringValue;

    private static decimal Number(string text) => decimal.Parse(text, NumberStyles.Number, CultureInfo.InvariantCulture);

    private sealed record Kind(string Id, string Expression, Func<IReadOnlyCollection<Event>, int, bool> Holds);
}
