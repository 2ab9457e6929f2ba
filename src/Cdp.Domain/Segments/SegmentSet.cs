using System.Collections.Frozen;
using Cdp.Domain.Consent;
using Cdp.Domain.Expressions;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.State.V1;

namespace Cdp.Domain.Segments;

/// <summary>
/// A tenant's segments: which a customer is in, and which an event may move it into or out of. Immutable.
/// </summary>
public sealed class SegmentSet
{
    private readonly CompiledSegment[] _segments;
    private readonly int[] _numbers;
    private readonly FrozenDictionary<string, CompiledSegment> _byId;
    private readonly DependencyIndex _index;
    private readonly int[] _withPurpose;

    private SegmentSet(long version, CompiledSegment[] segments)
    {
        Version = version;
        _segments = segments;
        _numbers = [.. segments.Select(segment => segment.Number)];
        _byId = segments.ToFrozenDictionary(segment => segment.Definition.Id, StringComparer.Ordinal);
        _index = new DependencyIndex([.. segments.Select(segment => segment.Condition)]);
        _withPurpose = [.. Enumerable.Range(0, segments.Length).Where(i => segments[i].Definition.Purpose.Length > 0)];
    }

    /// <summary>Raised with every change of a condition, and when one comes or goes.</summary>
    public long Version { get; }

    /// <summary>The segments, by number.</summary>
    public IReadOnlyList<CompiledSegment> All => _segments;

    /// <summary>Number of segments.</summary>
    public int Count => _segments.Length;

    /// <summary>The segment of an id; null where there is none.</summary>
    public CompiledSegment? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>The segment of a number; null where there is none any more.</summary>
    public CompiledSegment? Find(int number)
    {
        int at = Array.BinarySearch(_numbers, number);
        return at >= 0 ? _segments[at] : null;
    }

    /// <summary>Compiles a tenant's segments; those that did not change are taken from the set before.</summary>
    public static SegmentSet Compile(TenantConfig config, SegmentSet? before)
    {
        var rules = new PurposeRules(config.Purposes);
        if (before?.Version == config.SegmentsVersion && before.IsOf(config, rules))
            return before;
        return new SegmentSet(config.SegmentsVersion, [.. config.Segments.OrderBy(stored => stored.Number).Select(Compiled)]);

        CompiledSegment Compiled(StoredSegment stored) =>
            before?.FindSame(stored, rules) ?? new CompiledSegment(stored, rules.Find(stored.Segment.Purpose));
    }

    /// <summary>Marks the segments that an event may have moved a customer into or out of.</summary>
    /// <param name="e">The event.</param>
    /// <param name="after">The state that absorbed it.</param>
    /// <param name="definitions">The definitions under which it was folded.</param>
    /// <param name="touched">A bit for each segment, in the order of <see cref="All"/>.</param>
    public void Touch(in FoldEvent e, ProfileState after, Definitions definitions, ExpressionBits touched)
    {
        _index.Collect(e, after, definitions, touched);
        if (ConsentEvents.RestrictedBy(e.Event) is not null)
        {
            for (int i = 0; i < _segments.Length; i++)
                touched.Add(i);
        }

        if (!e.Gpc && !ConsentEvents.Is(e.Event))
            return;
        foreach (int i in _withPurpose)
            touched.Add(i);
    }

    /// <summary>
    /// When a customer leaves some of the segments that it is in, since what it allowed expires; also moments that are past.
    /// </summary>
    /// <param name="profile">The customer.</param>
    /// <param name="numbers">The segments' numbers.</param>
    public IEnumerable<MembershipEnd> EndsOf(ProfileState profile, int[] numbers)
    {
        if (_withPurpose.Length == 0)
            yield break;
        foreach (int number in numbers)
        {
            if (Find(number)?.AllowedUntil(profile) is { } until and not ConsentRules.Forever)
                yield return new MembershipEnd { Segment = (uint)number, At = until };
        }
    }

    /// <summary>Numbers of all segments that a customer is in, ascending.</summary>
    public int[] Evaluate(in Subject subject)
    {
        var members = new List<int>();
        foreach (var segment in _segments)
        {
            if (segment.Holds(subject))
                members.Add(segment.Number);
        }

        return [.. members];
    }

    /// <summary>The same where only some segments may differ from before; the very same array where none does.</summary>
    /// <param name="subject">The customer.</param>
    /// <param name="before">The segments that it was in under this very version.</param>
    /// <param name="touched">Those that may differ.</param>
    public int[] Evaluate(in Subject subject, int[] before, ExpressionBits touched)
    {
        List<int>? after = null;
        for (int i = touched.Next(0); i >= 0; i = touched.Next(i + 1))
        {
            int number = _segments[i].Number;
            int at = Array.BinarySearch(before, number);
            if (_segments[i].Holds(subject) == at >= 0)
                continue;
            after ??= [.. before];
            if (at >= 0)
                after.Remove(number);
            else
                after.Insert(~after.BinarySearch(number), number);
        }

        return after is null ? before : [.. after];
    }

    private bool IsOf(TenantConfig config, PurposeRules rules)
    {
        // A name may have changed, which moves nobody.
        return config.Segments.Count == Count && config.Segments.All(stored => FindSame(stored, rules) is not null);
    }

    /// <summary>The segment where it is as it is stored, under the same rule; else null.</summary>
    private CompiledSegment? FindSame(StoredSegment stored, PurposeRules rules) =>
        Find((int)stored.Number) is { } known && known.Stored.Equals(stored) && known.Rule == rules.Find(stored.Segment.Purpose) ? known : null;
}
