using Cdp.Grains.V1;

namespace Cdp.Grains.Merges;

/// <summary>Moves what a decided merge moves. Key: <c>tenant/LOSER</c>.</summary>
public interface IMerge
{
    /// <summary>Runs the merge to its end; running it again continues or returns at once.</summary>
    ValueTask<RunMergeReply> Run(RunMergeRequest request, CancellationToken cancellationToken);
}
