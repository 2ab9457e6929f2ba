using System.Collections.Frozen;
using Cdp.Domain.Events;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tenants;

/// <summary>How long a tenant keeps the content of events, counted from when they were received (storage limitation, GDPR, article 5 (1) (e)).</summary>
public sealed class EventRetention
{
    /// <summary>Most days.</summary>
    public const int MaxDays = 36_500;

    /// <summary>The days of a type whose events are kept for good.</summary>
    public const int ForGood = -1;

    private const long DayMicros = 86_400_000_000L;

    private readonly FrozenDictionary<string, int> _byType;
    private readonly int _days;

    /// <summary>Reads a configuration.</summary>
    public EventRetention(TenantConfig config)
    {
        _days = config.Tenant?.EventDays ?? 0;
        Version = config.RetentionVersion;
        var byType = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var type in config.EventTypes) byType[type.Name] = type.EventDays;
        _byType = byType.Where(type => type.Value != 0).ToFrozenDictionary(StringComparer.Ordinal);
        var limits = _byType.Values.Append(_days).Where(days => days > 0).ToList();
        ShortestMicros = limits.Count == 0 ? null : limits.Min() * DayMicros;
    }

    /// <summary>Raised with every change.</summary>
    public long Version { get; }

    /// <summary>Microseconds after which the first events may go; null: all are kept for good.</summary>
    public long? ShortestMicros { get; }

    /// <summary>
    /// Microseconds that such events are kept; null: for good. Events that say who a customer is or what it allowed are kept
    /// unless their very type has a limit.
    /// </summary>
    /// <param name="head">The head of one of them; null: it cannot be read.</param>
    public long? Micros(EventHead? head)
    {
        var (type, kind) = (head?.Type ?? string.Empty, head?.Kind ?? EventKind.Unspecified);
        var says = kind is EventKind.Identify or EventKind.Group or EventKind.Alias || EventValidator.IsReserved(type);
        return says && !_byType.ContainsKey(type) ? null : RefusedMicros(type);
    }

    /// <summary>Microseconds that such events are kept which were refused, and say nothing of anybody; null: for good.</summary>
    /// <param name="type">Type of the events; empty: they cannot be read.</param>
    public long? RefusedMicros(string type)
    {
        var days = _byType.GetValueOrDefault(type, _days);
        return days > 0 ? days * DayMicros : null;
    }
}
