namespace Cdp.Storage.Sqlite.Backups;

/// <summary>A copy of the database that waits for the merger to end it.</summary>
internal sealed class CopyEnding(PageCopy copy)
{
    private readonly TaskCompletionSource<JournalCut> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PageCopy Copy => copy;

    public Task<JournalCut> Task => _ended.Task;

    public void Complete(JournalCut cut) => _ended.SetResult(cut);

    public void Fail(Exception failure) => _ended.SetException(failure);
}
