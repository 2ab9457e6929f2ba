using System.Collections.Concurrent;
using System.Collections.Frozen;
using Cdp.Domain.Consent;
using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Identity;
using Cdp.Domain.Segments;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tenants;

/// <summary>A tenant's configuration, compiled: immutable, shared by everything that works for the tenant on this node.</summary>
public sealed class Definitions
{
    private const int MaxCachedViews = 256;
    private const int MaxCachedMeanings = 4_096;

    private static readonly EventMeaning[] ByRole = [.. Enum.GetValues<EventRole>().Order().Select(role => new EventMeaning(role))];

    private readonly Lazy<SegmentSet> _segments;
    private readonly Lazy<ActionSet> _actions;
    private readonly FrozenDictionary<string, EventMeaning> _declared;
    private readonly FrozenDictionary<string, Purpose> _purposes;
    private readonly FieldPolicies _policies;
    private readonly FrozenDictionary<string, CompiledView> _defaultViews;
    private readonly ConcurrentDictionary<string, EventMeaning> _meanings = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ViewKey, CompiledView> _views = new();

    /// <summary>Compiles a configuration.</summary>
    /// <param name="config">The configuration; never changed from now on.</param>
    /// <param name="before">What it replaces: segments and actions that did not change are taken from there.</param>
    public Definitions(TenantConfig config, Definitions? before = null)
    {
        Config = config;
        _segments = before is null ? new(() => SegmentSet.Compile(config, null)) : new(SegmentSet.Compile(config, before.Segments));
        _actions = before is null ? new(() => ActionSet.Compile(config, null)) : new(ActionSet.Compile(config, before.Actions));
        var tenant = config.Tenant ?? new Tenant();
        TimeZone = Or(tenant.TimeZone, TenantDefaults.TimeZone);
        CurrencyCode = Or(tenant.CurrencyCode, TenantDefaults.Currency);
        CountryCode = Or(tenant.CountryCode, TenantDefaults.Country);
        SessionPauseMicros = Positive(tenant.SessionPauseSeconds, TenantDefaults.SessionPauseSeconds) * 1_000_000L;
        InterestHalfLifeMicros = Positive(tenant.InterestHalfLifeDays, TenantDefaults.InterestHalfLifeDays) * 86_400_000_000L;
        AuditDays = (int)Positive(tenant.AuditDays, TenantDefaults.AuditDays);
        Retention = new EventRetention(config);
        _declared = Latest(config.EventTypes, type => type.Name).ToFrozenDictionary(
            pair => pair.Key,
            pair => new EventMeaning(pair.Value.Role == EventRole.Unspecified ? EventNames.RoleOf(pair.Key) : pair.Value.Role, pair.Value),
            StringComparer.Ordinal);
        _purposes = Latest(config.Purposes, purpose => purpose.Id).ToFrozenDictionary(StringComparer.Ordinal);
        Rules = new PurposeRules(config.Purposes);
        CollectsByPurpose = _declared.Values.Any(meaning => meaning.Purpose.Length > 0);
        _policies = new FieldPolicies(config.FieldPolicies);
        _defaultViews = _purposes.Keys.ToFrozenDictionary(
            purpose => purpose, purpose => new CompiledView(purpose, declared: true, [.. DefaultFields(purpose)], _policies) { IsKept = true }, StringComparer.Ordinal);
        Namespaces = new NamespaceRules(config);
        Purposes = [.. _purposes.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>The configuration it was made from. Never changed.</summary>
    public TenantConfig Config { get; }

    /// <summary>The tenant's id.</summary>
    public string Tenant => Config.Tenant.Id;

    /// <summary>Whether the tenant was deleted, or is being deleted: nobody is let in, and its events mean nothing any more.</summary>
    public bool IsDeleted => Config.Tenant?.Deletion is not null;

    /// <summary>Raised with every change of what a fold depends on.</summary>
    public long Version => Config.DefinitionsVersion;

    /// <summary>The tenant's namespaces.</summary>
    public NamespaceRules Namespaces { get; }

    /// <summary>The tenant's segments, compiled when first asked for.</summary>
    public SegmentSet Segments => _segments.Value;

    /// <summary>The tenant's actions and placements, compiled when first asked for.</summary>
    public ActionSet Actions => _actions.Value;

    /// <summary>IANA name of the time zone of times without an offset.</summary>
    public string TimeZone { get; }

    /// <summary>ISO 4217 code of amounts without a currency.</summary>
    public string CurrencyCode { get; }

    /// <summary>ISO 3166-1 alpha-2 code of the country of national phone numbers.</summary>
    public string CountryCode { get; }

    /// <summary>Longest pause within one session, in microseconds.</summary>
    public long SessionPauseMicros { get; }

    /// <summary>Half-life of interest scores, in microseconds.</summary>
    public long InterestHalfLifeMicros { get; }

    /// <summary>Days that the audit log is kept.</summary>
    public int AuditDays { get; }

    /// <summary>How long events are kept.</summary>
    public EventRetention Retention { get; }

    /// <summary>Ids of the declared purposes, in order.</summary>
    public IReadOnlyList<string> Purposes { get; }

    /// <summary>When data may be used for each purpose.</summary>
    public PurposeRules Rules { get; }

    /// <summary>Whether events of some type are collected for a purpose.</summary>
    public bool CollectsByPurpose { get; }

    /// <summary>Everything, whatever purposes may see: for the customer itself.</summary>
    public CompiledView WholeView { get; } = new(
        string.Empty, declared: true,
        [
            ProfileFields.AllTraits, ProfileFields.Activity, ProfileFields.Monetary, ProfileFields.Sessions, ProfileFields.Interests, ProfileFields.Products,
            ProfileFields.RecentEvents,
        ],
        new FieldPolicies([]));

    /// <summary>Tells whether a purpose is declared. A read for one that is not is refused.</summary>
    public bool IsDeclared(string purpose) => _purposes.ContainsKey(purpose);

    /// <summary>Tells whether a purpose may see a field, as <see cref="ProfileFields"/> names it.</summary>
    public bool MaySee(string purpose, string field) => IsDeclared(purpose) && _policies.MaySee(purpose, field);

    /// <summary>
    /// What an event means: as PutEventType states for exactly this name; else a TRACK event by its common name, a PAGE or
    /// SCREEN is a VIEW, and IDENTIFY, GROUP, ALIAS and the platform's own events have no role.
    /// </summary>
    public EventMeaning Meaning(string type, EventKind kind)
    {
        if (_declared.TryGetValue(type, out var declared))
            return declared;
        return kind switch
        {
            EventKind.Unspecified or EventKind.Track => EventValidator.IsReserved(type) ? ByRole[(int)EventRole.None] : ByName(type),
            EventKind.Page or EventKind.Screen => ByRole[(int)EventRole.View],
            _ => ByRole[(int)EventRole.None],
        };
    }

    /// <summary>
    /// What a read for a purpose sees. A purpose that is not declared sees nothing. Frequent combinations are kept.
    /// </summary>
    /// <param name="purpose">A declared purpose, see <see cref="IsDeclared"/>.</param>
    /// <param name="fields">Fields asked for, each <see cref="ProfileFields.IsValid"/>; empty: the purpose's default fields.</param>
    public CompiledView View(string purpose, IReadOnlyList<string> fields)
    {
        if (fields.Count == 0 && _defaultViews.TryGetValue(purpose, out var usual))
            return usual;
        var key = new ViewKey(purpose, fields);
        if (_views.TryGetValue(key, out var known))
            return known;
        string[] wanted = [.. fields.Count > 0 ? fields : DefaultFields(purpose)];
        // A caller that makes up ever new combinations gets them compiled, not kept.
        bool keep = _views.Count < MaxCachedViews;
        var view = new CompiledView(purpose, _purposes.ContainsKey(purpose), wanted, _policies) { IsKept = keep };
        return keep ? _views.GetOrAdd(new ViewKey(purpose, [.. fields]), view) : view;
    }

    private EventMeaning ByName(string type)
    {
        if (_meanings.TryGetValue(type, out var known))
            return known;
        var meaning = ByRole[(int)EventNames.RoleOf(type)];
        if (_meanings.Count < MaxCachedMeanings)
            _meanings.TryAdd(type, meaning);
        return meaning;
    }

    private IReadOnlyList<string> DefaultFields(string purpose) =>
        _purposes.TryGetValue(purpose, out var declared) && declared.DefaultFields.Count > 0
            ? declared.DefaultFields
            : TenantDefaults.Fields;

    private static Dictionary<string, T> Latest<T>(IEnumerable<T> items, Func<T, string> key)
    {
        var latest = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var item in items)
            latest[key(item)] = item;
        return latest;
    }

    private static string Or(string text, string fallback) => text.Length == 0 ? fallback : text;

    private static long Positive(int number, int fallback) => number > 0 ? number : fallback;

    private readonly struct ViewKey(string purpose, IReadOnlyList<string> fields) : IEquatable<ViewKey>
    {
        private readonly string _purpose = purpose;
        private readonly IReadOnlyList<string> _fields = fields;

        public bool Equals(ViewKey other)
        {
            if (!string.Equals(_purpose, other._purpose, StringComparison.Ordinal) || _fields.Count != other._fields.Count)
                return false;
            for (int i = 0; i < _fields.Count; i++)
            {
                if (!string.Equals(_fields[i], other._fields[i], StringComparison.Ordinal))
                    return false;
            }

            return true;
        }

        public override bool Equals(object? obj) => obj is ViewKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(_purpose, StringComparer.Ordinal);
            for (int i = 0; i < _fields.Count; i++)
                hash.Add(_fields[i], StringComparer.Ordinal);
            return hash.ToHashCode();
        }
    }
}
