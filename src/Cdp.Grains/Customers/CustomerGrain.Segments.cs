using Cdp.Domain.Events;
using Cdp.Domain.Expressions;
using Cdp.Domain.Profiles;
using Cdp.Domain.Segments;
using Cdp.Domain.Tenants;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Customers;

/// <content>
/// The segments that the customer is in: a fact of its own, evaluated whenever its profile or the definitions change. Who
/// hands it events hears of a change and sees to it that the shards do; what they may not have heard of is stated again.
/// </content>
public sealed partial class CustomerGrain
{
    private int[] _segments = [];
    private long _segmentsVersion;
    private long _segmentsDefinitions;

    /// <inheritdoc/>
    public async ValueTask<StateMembershipReply> StateMembership(StateMembershipRequest request, CancellationToken cancellationToken)
    {
        await CheckNewestAsync(cancellationToken);
        if (!Exists) return new StateMembershipReply { Standing = CustomerStanding.Gone };
        if (_sealedInto.Length > 0) return new StateMembershipReply { Standing = CustomerStanding.Forwarded, Statement = LastStatement() };
        var definitions = await DefinitionsAsync(cancellationToken);
        if (IsFoldedUnder(definitions) && _segmentsVersion != definitions.Segments.Version) EvaluateAll(definitions);
        return new StateMembershipReply { Standing = CustomerStanding.Here, Statement = StatementIf(needed: true, definitions) };
    }

    /// <inheritdoc/>
    public async ValueTask<ReadMembershipReply> ReadMembership(ReadMembershipRequest request, CancellationToken cancellationToken)
    {
        if (request.Newest) await CheckNewestAsync(cancellationToken);
        if (Elsewhere() is { } forwarded) return new ReadMembershipReply { Standing = CustomerStanding.Forwarded, ForwardedTo = forwarded };
        if (!Exists) return new ReadMembershipReply { Standing = CustomerStanding.Gone };
        var definitions = await DefinitionsAsync(cancellationToken);
        _foldAgain |= _foldedUnder!.Version != definitions.Version;
        if (_foldAgain) FoldAgainSoon();

        // Beside another call: what it makes of new definitions is not kept.
        var segments = !_foldAgain && _segmentsVersion != definitions.Segments.Version ? definitions.Segments.Evaluate(Subject(definitions)) : _segments;
        var reply = new ReadMembershipReply { Standing = CustomerStanding.Here, CustomerId = _id, Stale = _foldAgain };
        var now = UnixTime.Micros(_context.Time.GetUtcNow());
        foreach (var number in segments)
        {
            // One that is not known was deleted, or is newer than these definitions.
            if (definitions.Segments.Find(number) is not { } segment || segment.AllowedUntil(_profile) > now) reply.Segments.Add((uint)number);
        }

        if (request.Explain == 0 || definitions.Segments.Find((int)request.Explain) is not { } explained) return reply;
        reply.ConsentMissing = explained.AllowedUntil(_profile) <= now;
        if (explained.Condition is { } condition)
            reply.Explanation = MembershipExplanation.Of(condition, Subject(definitions), definitions, request.Purpose);
        return reply;
    }

    /// <summary>
    /// Whoever asks for a statement hears of no other: it must not come from an activation that another one has overtaken.
    /// </summary>
    /// <exception cref="OwnershipLostException">The history is longer than this activation knows.</exception>
    private async ValueTask CheckNewestAsync(CancellationToken cancellationToken)
    {
        // Nothing follows the end of a history.
        if (_sealedInto.Length > 0) return;
        await BehindAsync();
        var known = _sequence;
        var length = await _ports.History.LengthAsync(_key, cancellationToken);
        if (length <= known) return;

        // Beside another call: what that one, or a decision since, appended is the activation's own.
        await _write.WaitAsync();
        await BehindAsync();
        if (length <= _sequence && _behind is not { Lost: true }) return;
        _context.Abandon();
        throw new OwnershipLostException(_key);
    }

    private bool IsFoldedUnder(Definitions definitions) => !_foldAgain && _foldedUnder!.Version == definitions.Version;

    private Subject Subject(Definitions definitions) => new(_profile, definitions.InterestHalfLifeMicros, NowMicros: 0);

    /// <summary>All segments anew: the fold ran again, or the definitions are others.</summary>
    private void EvaluateAll(Definitions definitions)
    {
        var segments = definitions.Segments;
        _segments = segments.Count == 0 ? [] : Same(_segments, segments.Evaluate(Subject(definitions)));
        Evaluated(definitions);
    }

    /// <summary>Those that some events may have moved the customer into or out of.</summary>
    private void Evaluate(Definitions definitions, ExpressionBits touched)
    {
        if (_segmentsVersion != definitions.Segments.Version) EvaluateAll(definitions);
        else if (definitions.Segments.Count > 0)
        {
            _segments = definitions.Segments.Evaluate(Subject(definitions), _segments, touched);
            Evaluated(definitions);
        }
    }

    private void Evaluated(Definitions definitions)
    {
        _segmentsVersion = definitions.Segments.Version;
        _segmentsDefinitions = MembershipVersion.DefinitionsOf(ProfileFold.Version, definitions.Config.Version);
    }

    /// <summary>What the shards have to know; null while there never was anything to tell.</summary>
    private MembershipStatement? StatementIf(bool needed, Definitions definitions) =>
        needed && (definitions.Segments.Count > 0 || _segmentsVersion > 0) ? Statement(definitions) : null;

    private MembershipStatement Statement(Definitions definitions)
    {
        var statement = new MembershipStatement { Customer = _minted, Definitions = _segmentsDefinitions, Sequence = _sequence };
        foreach (var number in _segments) statement.Segments.Add((uint)number);
        if (_segments.Length > 0) statement.Ends.AddRange(definitions.Segments.EndsOf(_profile, _segments));
        return statement;
    }

    /// <summary>
    /// What the shards have to know of a customer that was merged into another: it is in no segment, whatever it knew itself to
    /// be in and under whatever definitions. One who knows older ones than others do may have sealed it.
    /// </summary>
    private MembershipStatement LastStatement() => new() { Customer = _minted, Definitions = MembershipVersion.LastDefinitions, Sequence = _sequence };

    private void SaveSegments(Bookkeeping book)
    {
        foreach (var number in _segments) book.Segments.Add((uint)number);
        book.SegmentsVersion = _segmentsVersion;
        book.SegmentsDefinitions = _segmentsDefinitions;
    }

    private void LoadSegments(Bookkeeping book)
    {
        _segments = [.. book.Segments.Select(number => (int)number)];
        _segmentsVersion = book.SegmentsVersion;
        _segmentsDefinitions = book.SegmentsDefinitions;
    }

    private static int[] Same(int[] before, int[] after) => after.AsSpan().SequenceEqual(before) ? before : after;
}
