namespace Cdp.Grains.Ports;

/// <summary>
/// Told when a step that matters for recovery was reached. Crash tests kill the process there; otherwise nothing
/// happens.
/// </summary>
public interface IStepObserver
{
    /// <summary>A step was reached; its name is one of <see cref="RecoverySteps"/>.</summary>
    void Reached(string step);
}

/// <summary>The steps at which a crash is tested.</summary>
public static class RecoverySteps
{
    /// <summary>Events are in the log, not yet acknowledged.</summary>
    public const string LogAppended = "log-appended";

    /// <summary>The acknowledgement is about to be sent.</summary>
    public const string Acknowledging = "acknowledging";

    /// <summary>Decisions stand in the identity record; nobody acted on them.</summary>
    public const string IdentityRecorded = "identity-recorded";

    /// <summary>Events reached their customer; nothing of them stands in its history.</summary>
    public const string HistoryAppending = "history-appending";

    /// <summary>A customer's history has the entries; its memory does not.</summary>
    public const string HistoryAppended = "history-appended";

    /// <summary>A partition's position is about to be committed.</summary>
    public const string PositionCommitting = "position-committing";

    /// <summary>A partition's position is committed.</summary>
    public const string PositionCommitted = "position-committed";

    /// <summary>A customer's snapshot is about to be written.</summary>
    public const string SnapshotWriting = "snapshot-writing";

    /// <summary>A customer's snapshot is written.</summary>
    public const string SnapshotWritten = "snapshot-written";

    /// <summary>A merge was decided and its saga begun.</summary>
    public const string MergeBegun = "merge-begun";

    /// <summary>The loser is sealed.</summary>
    public const string MergeSealed = "merge-sealed";

    /// <summary>The winner absorbed the loser.</summary>
    public const string MergeAbsorbed = "merge-absorbed";

    /// <summary>The links are repointed.</summary>
    public const string MergeRepointed = "merge-repointed";

    /// <summary>Customers stated the segments they are in; their shards have not heard it.</summary>
    public const string MembershipsStating = "memberships-stating";

    /// <summary>The shards have it; who told them has not heard so.</summary>
    public const string MembershipsMirrored = "memberships-mirrored";

    /// <summary>A decision stands in its customer's history; nobody was answered.</summary>
    public const string DecisionAppended = "decision-appended";

    /// <summary>A decision that may be lost (ASYNC) is on its way into the history; nobody was answered.</summary>
    public const string DecisionBehind = "decision-behind";

    /// <summary>A visitor's decision is kept under its id; nobody was answered.</summary>
    public const string VisitorDecided = "visitor-decided";

    /// <summary>Outcomes stand where their decisions do; their partition has not heard what they teach.</summary>
    public const string OutcomesAppended = "outcomes-appended";

    /// <summary>All before some outcomes is applied; their model is about to hear what they teach.</summary>
    public const string ModelTeaching = "model-teaching";

    /// <summary>A model's training log has what outcomes teach; its memory does not.</summary>
    public const string ModelAppended = "model-appended";

    /// <summary>A model confirmed what it was taught; its partition has not noted so.</summary>
    public const string ModelTaught = "model-taught";

    /// <summary>Actions or placements are changed; the log by which decisions replay does not have it.</summary>
    public const string DefinitionsWritten = "definitions-written";

    /// <summary>
    /// A sweep brought a page of customers to new definitions; its place is not stored yet. Only after a change of them.
    /// </summary>
    public const string SweepPageDone = "sweep-page-done";

    /// <summary>An erasure is noted; nothing was decided.</summary>
    public const string ErasureBegun = "erasure-begun";

    /// <summary>The identifiers are nobody's; the customer still answers.</summary>
    public const string ErasureDecided = "erasure-decided";

    /// <summary>The customer answers nobody; everything of it is still there.</summary>
    public const string ErasureSealed = "erasure-sealed";

    /// <summary>The places of its events are listed; nothing is erased.</summary>
    public const string ErasureListed = "erasure-listed";

    /// <summary>The log has nothing of it; its history has.</summary>
    public const string ErasureBlanked = "erasure-blanked";

    /// <summary>A history is deleted; the entry that says so does not stand yet.</summary>
    public const string ErasureDeleted = "erasure-deleted";

    /// <summary>The identity record has nothing of it; links and index have.</summary>
    public const string ErasureScrubbed = "erasure-scrubbed";

    /// <summary>The receipt is kept; the erasure counts as under way.</summary>
    public const string ErasureReceipted = "erasure-receipted";

    /// <summary>A file of a backup is restored; others are not.</summary>
    public const string RestoreFileCopied = "restore-file-copied";

    /// <summary>All files of a backup are restored; the data directory is not there yet.</summary>
    public const string RestoreCopied = "restore-copied";

    /// <summary>The data directory is there; nobody was told.</summary>
    public const string RestoreMoved = "restore-moved";

    /// <summary>A restored store carried out an erasure of its ledger again; others are to follow.</summary>
    public const string ErasureRepeated = "erasure-repeated";

    /// <summary>A restored store carried out all erasures again; the list of them is still there.</summary>
    public const string ErasuresRepeated = "erasures-repeated";

    /// <summary>A tenant's keys are gone; everything of it is there.</summary>
    public const string TenantDeletionBegun = "tenant-deletion-begun";

    /// <summary>Nothing is written for a tenant any more.</summary>
    public const string TenantSealed = "tenant-sealed";

    /// <summary>Everything of a tenant is gone, and that it is does not stand anywhere.</summary>
    public const string TenantRemoved = "tenant-removed";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All => [.. ByEvents, .. ByDecisions, .. ByErasures, SweepPageDone, .. ByRestores, ErasureRepeated, ErasuresRepeated, .. ByDeletions];

    /// <summary>The names of those that the deletion of a tenant leads to, in its order.</summary>
    public static IReadOnlyList<string> ByDeletions { get; } = [TenantDeletionBegun, TenantSealed, TenantRemoved];

    /// <summary>The names of those that <c>cdp restore</c> leads to, in its order.</summary>
    public static IReadOnlyList<string> ByRestores { get; } = [RestoreFileCopied, RestoreCopied, RestoreMoved];

    /// <summary>The names of those that events alone lead to, be a segment defined.</summary>
    public static IReadOnlyList<string> ByEvents { get; } =
    [
        LogAppended, Acknowledging, IdentityRecorded, HistoryAppending, HistoryAppended, PositionCommitting,
        PositionCommitted, SnapshotWriting, SnapshotWritten, MergeBegun, MergeSealed, MergeAbsorbed, MergeRepointed,
        MembershipsStating, MembershipsMirrored,
    ];

    /// <summary>The names of those that the erasure of a customer leads to, in its order.</summary>
    public static IReadOnlyList<string> ByErasures { get; } =
    [
        ErasureBegun, ErasureDecided, ErasureSealed, ErasureListed, ErasureBlanked, ErasureDeleted, ErasureScrubbed, ErasureReceipted,
    ];

    /// <summary>The names of those that decisions, their outcomes and edited actions lead to.</summary>
    public static IReadOnlyList<string> ByDecisions { get; } =
    [
        DecisionAppended, DecisionBehind, VisitorDecided, OutcomesAppended, ModelTeaching, ModelAppended, ModelTaught, DefinitionsWritten,
    ];
}

/// <summary>Ignores every step.</summary>
public sealed class NoStepObserver : IStepObserver
{
    /// <summary>The one instance.</summary>
    public static NoStepObserver Instance { get; } = new();

    /// <inheritdoc/>
    public void Reached(string step)
    {
    }
}
