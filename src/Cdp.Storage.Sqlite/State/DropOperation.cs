using Cdp.Storage.Writing;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Removes up to a number of states or histories whose keys come after one (null: from the start); the result is the keys that went, in order.
/// Empty: there were no more.
/// </summary>
internal sealed class DropOperation(KeyRange keys, string? after, int limit) : WriteOperation<IReadOnlyList<string>>
{
    public KeyRange Keys => keys;

    public string? After => after;

    public int Limit => limit;

    public override bool Alone => true;
}
