using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Identities;

/// <summary>
/// Decides in memory, in the order in which questions come; replies when the decisions are durable. The record is the
/// truth; the rows it decides against are a cache of it, written behind.
/// </summary>
public sealed partial class IdentityGrain : IIdentity, IGrainLifecycle
{
    private readonly IGrainContext _context;
    private readonly IDefinitions _definitions;
    private readonly IStepObserver _observer;
    private readonly IdentityOptions _options;
    private readonly IdentityRows _rows;
    private readonly IdentityRecord _record;
    private readonly ErasedEventIds _erasedIds;
    private (Definitions Definitions, IdentityDecider Decider)? _compiled;
    private Task _flushing = Task.CompletedTask;
    private Exception? _flushFailure;

    /// <summary>Makes the grain of one activation.</summary>
    public IdentityGrain(
        IGrainContext context,
        IHistory history,
        IStateStore states,
        ICustomerIndex index,
        IDefinitions definitions,
        IStepObserver observer,
        IdentityOptions? options = null)
    {
        _context = context;
        _definitions = definitions;
        _observer = observer;
        _options = options ?? new IdentityOptions();
        _rows = new IdentityRows(states, context.Key, _options);
        _record = new IdentityRecord(history, index, context.Key, context.Abandon);
        _erasedIds = new ErasedEventIds(history, context.Key);
    }

    /// <summary>Rows in memory: what a memory ceiling counts.</summary>
    public int RowsInMemory => _rows.Count;

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        await _record.ReplayAsync(await _rows.ReadMarkAsync(), async (sequence, decision) =>
        {
            await _rows.ReplayAsync(decision, sequence);
            if (_rows.Dirty >= _options.FlushAt) await WriteRowsAsync(_rows.Capture(sequence + 1));
            _rows.Trim();
        });
    }

    /// <inheritdoc/>
    public async ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _flushing;
        if (_rows.Dirty > 0) await FlushAsync();
    }

    /// <inheritdoc/>
    public async ValueTask<DecideIdentityReply> Decide(DecideIdentityRequest request, CancellationToken cancellationToken)
    {
        if (request.Questions.Any(q => q.Identifiers.Count == 0))
        {
            throw new ArgumentException("A question has at least one identifier.", nameof(request));
        }

        var decider = await DeciderAsync(cancellationToken);
        await MakeRoomAsync();
        var reply = new DecideIdentityReply();
        var decisions = new List<IdentityDecision>();
        Task durable;
        using (_rows.Clock.Begin())
        {
            await LoadAsync(request, decider, cancellationToken);
            _record.ThrowIfLost();
            durable = DecideInMemory(request, decider, reply, decisions);
        }

        _rows.Trim();
        if (_rows.Dirty >= _options.FlushAt && _flushing.IsCompleted) _flushing = FlushAsync();
        await durable.WaitAsync(cancellationToken);
        if (decisions.Count > 0) _observer.Reached(RecoverySteps.IdentityRecorded);
        return reply;
    }

    /// <inheritdoc/>
    public async ValueTask<ConfirmCustomerReply> Confirm(ConfirmCustomerRequest request, CancellationToken cancellationToken)
    {
        if (request.Newest) await _record.CheckNewestAsync(cancellationToken);
        using var use = _rows.Clock.Begin();
        if (await _rows.LoadGroupAsync(request.Customer) is not { } group)
        {
            // Nobody is to be told that a customer is unknown which another activation has minted.
            await _record.CheckNewestAsync(cancellationToken);
            return new ConfirmCustomerReply();
        }

        var standing = await _rows.LoadStandingAsync(request.Customer);
        await _record.Durable.WaitAsync(cancellationToken);
        return new ConfirmCustomerReply
        {
            Minted = true,
            MintedSequence = group.Minted,
            MintedAt = group.MintedAt,
            MergedInto = standing!.Value.Customer == request.Customer ? "" : standing.Value.Customer,
            Erased = standing.Value.Group.Erased,
            After = { group.After },
        };
    }

    /// <inheritdoc/>
    public async ValueTask<DescribeGroupReply> Describe(DescribeGroupRequest request, CancellationToken cancellationToken)
    {
        if (request.Newest) await _record.CheckNewestAsync(cancellationToken);
        using var use = _rows.Clock.Begin();
        await _record.Durable.WaitAsync(cancellationToken);
        return await new GroupDescription(_rows, _record).DescribeAsync(request, cancellationToken);
    }

    /// <summary>Nothing awaits here: no other question comes between reading the rows and changing them.</summary>
    private Task DecideInMemory(
        DecideIdentityRequest request, IdentityDecider decider, DecideIdentityReply reply, List<IdentityDecision> decisions)
    {
        try
        {
            foreach (var question in request.Questions)
            {
                reply.Answers.Add(IsErased(question) ? new IdentityAnswer { Erased = true } : decider.Decide(question, _rows, _record.End, decisions));
            }
        }
        catch
        {
            // Rows may hold decisions that no record will ever have.
            _context.Abandon();
            throw;
        }

        return decisions.Count > 0 ? _record.AppendAsync(decisions) : _record.Durable;
    }

    private async ValueTask<IdentityDecider> DeciderAsync(CancellationToken cancellationToken)
    {
        var definitions = await _definitions.GetAsync(_context.Key, cancellationToken)
            ?? throw new InvalidOperationException($"Tenant {_context.Key} is unknown.");
        if (_compiled is not { } compiled || !ReferenceEquals(compiled.Definitions, definitions))
        {
            var decider = new IdentityDecider(
                new NamespaceRules(definitions.Config), new CustomerIds(definitions.Config.IdentityKey.Memory));
            _compiled = compiled = (definitions, decider);
        }

        return compiled.Decider;
    }

    private static IdentityQuestionNeeds NeedsOf(IdentityQuestion question, IdentityDecider decider)
    {
        var keys = new string[question.Identifiers.Count];
        for (var i = 0; i < keys.Length; i++) keys[i] = question.Identifiers[i].Key;
        return new IdentityQuestionNeeds(keys, decider.AnchorOf(question.Identifiers).Key);
    }

    private async ValueTask MakeRoomAsync()
    {
        if (_rows.Dirty < _options.WaitAt) return;
        if (_flushing.IsCompleted) _flushing = FlushAsync();
        await _flushing;
        if (_flushFailure is { } failure) throw new IOException("The rows of the identity record cannot be written.", failure);
    }

    /// <summary>Writes the rows behind the record. A failure is kept: the rows stay and are written with the next ones.</summary>
    private async Task FlushAsync()
    {
        var durable = _record.Durable;
        var flush = _rows.Capture(_record.End);
        try
        {
            // The store must never know what the record may lose.
            await durable;
            await WriteRowsAsync(flush);
            _flushFailure = null;
        }
        catch (Exception e)
        {
            flush.Restore();
            _flushFailure = e;
        }

        _rows.Trim();
    }

    private static Task WriteRowsAsync(IdentityFlush flush) => flush.WriteAsync();
}
