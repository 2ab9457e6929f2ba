namespace Cdp.Storage.Writing;

/// <summary>
/// What a <see cref="GroupCommitter{TTarget}"/> writes to, with what it remembers of the files. It is thrown away after
/// an error and made anew from the files. Used by the writer's thread only.
/// </summary>
internal interface IWriteTarget : IDisposable
{
    /// <summary>Executes operations in order and makes them durable, all or none.</summary>
    void Commit(IReadOnlyList<WriteOperation> operations);

    /// <summary>Ends those of a committed transaction that erase, once the bytes they replaced are gone; may do so later.</summary>
    void Erase(IReadOnlyList<WriteOperation> operations);

    /// <summary>Called after a commit, when the callers were told.</summary>
    void Tidy();

    /// <summary>Called when nothing more will come.</summary>
    void Close();
}
