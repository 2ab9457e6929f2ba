using System.Globalization;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.State;

/// <summary>A write of state.db; executed in the order of the queue.</summary>
internal interface IStateOperation
{
    void Execute(StateWriteTarget target);
}

/// <summary>Writes one state; the result is its new tag, or null.</summary>
internal sealed class PutStateOperation(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag) : WriteOperation<string?>, IStateOperation
{
    public override int Bytes => value.Length;

    public void Execute(StateWriteTarget target) =>
        Result = target.Put(kind, key, value.Span, expectedTag)?.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Clears one state; the result tells whether the tag matched.</summary>
internal sealed class ClearStateOperation(string kind, string key, string? expectedTag) : WriteOperation<bool>, IStateOperation
{
    public void Execute(StateWriteTarget target) => Result = target.Clear(kind, key, expectedTag);
}

/// <summary>Appends to a history; the result tells whether it had the expected length.</summary>
internal sealed class AppendHistoryOperation(string key, long expected, int count, ReadOnlyMemory<byte> slice) : WriteOperation<bool>, IStateOperation
{
    public override int Bytes => slice.Length;

    public void Execute(StateWriteTarget target) => Result = target.Append(key, expected, count, slice.Span);
}

/// <summary>Removes a history.</summary>
internal sealed class DeleteHistoryOperation(string key) : WriteOperation<bool>, IStateOperation
{
    public void Execute(StateWriteTarget target) => Result = target.DeleteHistory(key);
}

/// <summary>Adds an id to the index, or removes it.</summary>
internal sealed class IndexOperation(string tenant, string customer, bool add) : WriteOperation<bool>, IStateOperation
{
    public void Execute(StateWriteTarget target) => Result = target.Index(tenant, customer, add);
}

/// <summary>Removes up to a number of states of a kind; the result is how many went.</summary>
internal sealed class DropStatesOperation(string kind, int limit) : WriteOperation<int>, IStateOperation
{
    public void Execute(StateWriteTarget target) => Result = target.DropStates(kind, limit);
}

/// <summary>Removes up to a number of histories whose keys begin alike; the result is how many went.</summary>
internal sealed class DropHistoriesOperation(string prefix, int limit) : WriteOperation<int>, IStateOperation
{
    public void Execute(StateWriteTarget target) => Result = target.DropHistories(prefix, limit);
}
