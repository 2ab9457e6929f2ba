namespace Cdp.Storage.Sqlite.Engine;

/// <summary>
/// What a <see cref="GroupCommitter{TTarget}"/> writes to: a connection with its prepared statements and what it
/// remembers of the file. It is thrown away after an error and made anew from the file.
/// </summary>
internal interface IWriteTarget : IDisposable
{
    Database Database { get; }

    /// <summary>Executes operations inside an open transaction, in order.</summary>
    void Execute(IReadOnlyList<WriteOperation> operations);

    /// <summary>Called after the commit, before the callers are told.</summary>
    void Committed();
}
