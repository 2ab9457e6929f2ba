namespace Cdp.Storage.Sqlite.Engine;

/// <summary>Writes nothing, and returns when the write-ahead log is empty.</summary>
internal sealed class CheckpointOperation : WriteOperation<bool>
{
    public override bool Erases => true;
}
