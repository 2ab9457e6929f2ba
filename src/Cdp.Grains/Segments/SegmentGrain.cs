using System.Globalization;
using Cdp.Domain.Events;
using Cdp.Domain.Segments;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Segments;

/// <summary>
/// One shard of a tenant's segments. What it is told goes to a journal first; when the journal is long, everything is
/// stored as one state and a new journal begins.
/// </summary>
/// <remarks>
/// A journal begins with an empty slice that fences it: who still holds a journal that another activation replaced and
/// deleted finds it shorter than it was, and gives up.
/// </remarks>
public sealed class SegmentGrain(IGrainContext context, IStateStore states, IHistory history) : ISegment, IGrainLifecycle
{
    /// <summary>Kind of the states that hold memberships.</summary>
    public const string StateKind = "segment-shard";

    // Storing everything costs about as much a customer as a statement in the journal does.
    private const long MostJournal = 4_096;
    private const int CustomersPerStatement = 4;
    private const int ReadBytes = 1 << 20;

    private readonly GrainState<MembershipShardState> _kept = new(context, states, StateKind, MembershipShardState.Parser);
    private readonly WriteUnderWay _write = new();
    private MembershipMirror _mirror = new();
    private long _slices;
    private long _statements;

    /// <summary>With what the key of every journal of a tenant begins, among the histories.</summary>
    public static string JournalPrefix(string tenant) => $"{tenant}/segments/";

    private long Journal => _kept.Value?.Journal ?? 0;

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        await _kept.ReadAsync(cancellationToken);
        _mirror = MembershipMirror.Load(_kept.Value?.Pages ?? []);
        if (Journal > 0) await history.RemoveAsync(JournalKey(Journal - 1), cancellationToken);
        while (await history.ReadAsync(JournalKey(Journal), _slices, ReadBytes, cancellationToken) is { Count: > 0 } slices)
        {
            foreach (var slice in slices)
            {
                Take(MembershipSlice.Parser.ParseFrom(slice.Bytes.Span));
                _slices = slice.End;
            }
        }

        if (_slices == 0) await AppendAsync(new MembershipSlice(), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<MirrorMembershipsReply> Mirror(MirrorMembershipsRequest request, CancellationToken cancellationToken)
    {
        using var writing = _write.Begin();
        var slice = new MembershipSlice { Statements = { request.Statements } };
        await AppendAsync(slice, cancellationToken);
        Take(slice);
        if (_statements >= Math.Max(MostJournal, _mirror.Customers / CustomersPerStatement)) await StoreAsync(cancellationToken);
        return new MirrorMembershipsReply();
    }

    /// <inheritdoc/>
    public async ValueTask<CountShardReply> Count(CountShardRequest request, CancellationToken cancellationToken)
    {
        if (request.Newest) await CheckNewestAsync(cancellationToken);
        _mirror.Expire(UnixTime.Micros(context.Time.GetUtcNow()));
        return new CountShardReply { Members = _mirror.Count((int)request.Segment) };
    }

    /// <inheritdoc/>
    public async ValueTask<ListShardReply> List(ListShardRequest request, CancellationToken cancellationToken)
    {
        if (request.Newest) await CheckNewestAsync(cancellationToken);
        _mirror.Expire(UnixTime.Micros(context.Time.GetUtcNow()));
        var reply = new ListShardReply();
        reply.Customers.AddRange(_mirror.Members((int)request.Segment, request.After, request.Size));
        return reply;
    }

    /// <summary>Throws where another activation was told something since, or began a journal of its own.</summary>
    /// <exception cref="OwnershipLostException">The journal is not as this activation left it; it is dropped.</exception>
    private async ValueTask CheckNewestAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (journal, known) = (Journal, _slices);
            var length = await history.LengthAsync(JournalKey(journal), cancellationToken);
            if (length == known) return;

            // Beside another call: what that one wrote is known when it has ended.
            await _write.WaitAsync();
            if (Journal != journal) continue;
            if (length > known && length <= _slices) return;
            context.Abandon();
            throw new OwnershipLostException(context.Key);
        }
    }

    private void Take(MembershipSlice slice)
    {
        _mirror.Take(slice.Statements);
        _statements += slice.Statements.Count;
    }

    private async ValueTask AppendAsync(MembershipSlice slice, CancellationToken cancellationToken)
    {
        if (!await history.AppendAsync(JournalKey(Journal), _slices, 1, slice.ToByteArray(), cancellationToken))
        {
            context.Abandon();
            throw new OwnershipLostException(context.Key);
        }

        _slices++;
    }

    private async ValueTask StoreAsync(CancellationToken cancellationToken)
    {
        // What a crash, or a state that was dropped, left there is nobody's.
        await history.RemoveAsync(JournalKey(Journal + 1), cancellationToken);
        if (!await history.AppendAsync(JournalKey(Journal + 1), 0, 1, new MembershipSlice().ToByteArray(), cancellationToken))
        {
            context.Abandon();
            throw new OwnershipLostException(context.Key);
        }

        var next = new MembershipShardState { Journal = Journal + 1 };
        next.Pages.AddRange(_mirror.Save());
        await _kept.WriteAsync(next, cancellationToken);
        (_slices, _statements) = (1, 0);
        await history.RemoveAsync(JournalKey(Journal - 1), cancellationToken);
    }

    private string JournalKey(long journal)
    {
        var (tenant, shard) = GrainCatalog.PartsOf(context.Key);
        return string.Create(CultureInfo.InvariantCulture, $"{JournalPrefix(tenant)}{shard}/{journal}");
    }
}
