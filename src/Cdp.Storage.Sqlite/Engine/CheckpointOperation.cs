using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>Writes nothing, and returns when everything stands in the database file alone.</summary>
internal sealed class CheckpointOperation : WriteOperation<bool>
{
    public override bool Erases => true;
}
