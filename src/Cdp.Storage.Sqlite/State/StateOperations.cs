using System.Globalization;
using Cdp.Grains.Ports;
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
    public override int Bytes => OperationSize.Of(kind, key, value.Length);

    public void Execute(StateWriteTarget target) =>
        Result = target.Put(kind, key, value.Span, expectedTag)?.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Clears one state; the result tells whether the tag matched.</summary>
internal sealed class ClearStateOperation(string kind, string key, string? expectedTag) : WriteOperation<bool>, IStateOperation
{
    public override int Bytes => OperationSize.Of(kind, key, 0);

    /// <summary>Also when it was cleared before: the bytes may have outlived an earlier attempt.</summary>
    public override bool Erases => Result;

    public void Execute(StateWriteTarget target) => Result = target.Clear(kind, key, expectedTag);
}

/// <summary>Appends to a history; the result tells whether it had the expected length.</summary>
internal sealed class AppendHistoryOperation(string key, long expected, int count, ReadOnlyMemory<byte> slice) : WriteOperation<bool>, IStateOperation
{
    public override int Bytes => OperationSize.Of(key, "", slice.Length);

    public void Execute(StateWriteTarget target) => Result = target.Append(key, expected, count, slice.Span);
}

/// <summary>Appends to a history for a caller who does not wait, and is told on the writer's thread.</summary>
internal sealed class AppendBehindOperation(string key, long expected, int count, ReadOnlyMemory<byte> slice, IAppendObserver observer) : WriteOperation, IStateOperation
{
    private bool _owned;

    public override int Bytes => OperationSize.Of(key, "", slice.Length);

    public void Execute(StateWriteTarget target) => _owned = target.Append(key, expected, count, slice.Span);

    public override void Complete()
    {
        if (Error is null) observer.Appended(_owned);
        else observer.Failed(Error);
    }

    public override void Fail(Exception exception) => observer.Failed(exception);
}

/// <summary>Removes a history.</summary>
internal sealed class DeleteHistoryOperation(string key) : WriteOperation<bool>, IStateOperation
{
    public override int Bytes => OperationSize.Of(key, "", 0);

    /// <summary>Also when it was deleted before: the bytes may have outlived an earlier attempt.</summary>
    public override bool Erases => true;

    public void Execute(StateWriteTarget target) => Result = target.DeleteHistory(key);
}

/// <summary>Adds an id to the index, or removes it.</summary>
internal sealed class IndexOperation(string tenant, string customer, bool add) : WriteOperation<bool>, IStateOperation
{
    public override int Bytes => OperationSize.Of(tenant, customer, 0);

    public void Execute(StateWriteTarget target) => target.Index(tenant, customer, add);
}

/// <summary>
/// Removes up to a number of states or histories whose keys come after one (null: from the start); the result is the keys that went, in order.
/// Empty: there were no more.
/// </summary>
internal sealed class DropOperation(KeyRange keys, string? after, int limit) : WriteOperation<IReadOnlyList<string>>, IStateOperation
{
    public override bool Alone => true;

    public void Execute(StateWriteTarget target) => Result = target.Drop(keys, after, limit);
}

/// <summary>What an operation takes in the queue and in the journal, about.</summary>
internal static class OperationSize
{
    private const int Overhead = 16;

    public static int Of(string one, string two, int value) => Overhead + one.Length + two.Length + value;
}
