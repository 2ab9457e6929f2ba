namespace Cdp.Storage.Sqlite.Engine;

/// <summary>Whose turn it is in moving pages from the write-ahead log into the database.</summary>
internal enum CheckpointPhase
{
    /// <summary>Nobody's: the log is short enough.</summary>
    Idle,

    /// <summary>The checkpointer's.</summary>
    Moving,

    /// <summary>The writer's: few pages are left.</summary>
    NearlyDone,
}
