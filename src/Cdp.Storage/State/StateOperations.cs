using Cdp.Grains.Ports;
using Cdp.Storage.Writing;

namespace Cdp.Storage.State;

/// <summary>Writes one state; the result is its new tag, or null.</summary>
internal sealed class PutStateOperation(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag) : WriteOperation<string?>
{
    public string Kind => kind;

    public string Key => key;

    public ReadOnlyMemory<byte> Value => value;

    public string? ExpectedTag => expectedTag;

    public override int Bytes => OperationSize.Of(kind, key, value.Length);
}

/// <summary>Clears one state; the result tells whether the tag matched.</summary>
internal sealed class ClearStateOperation(string kind, string key, string? expectedTag) : WriteOperation<bool>
{
    public string Kind => kind;

    public string Key => key;

    public string? ExpectedTag => expectedTag;

    public override int Bytes => OperationSize.Of(kind, key, 0);

    /// <summary>Also when it was cleared before: the bytes may have outlived an earlier attempt.</summary>
    public override bool Erases => Result;
}

/// <summary>An append to a history, whoever hears of its end.</summary>
internal interface IHistoryAppend
{
    string Key { get; }

    long Expected { get; }

    int Count { get; }

    ReadOnlyMemory<byte> Slice { get; }

    /// <summary>Set while the transaction runs: whether the history had the expected length.</summary>
    bool Owned { set; }
}

/// <summary>Appends to a history; the result tells whether it had the expected length.</summary>
internal sealed class AppendHistoryOperation(string key, long expected, int count, ReadOnlyMemory<byte> slice) : WriteOperation<bool>, IHistoryAppend
{
    public string Key => key;

    public long Expected => expected;

    public int Count => count;

    public ReadOnlyMemory<byte> Slice => slice;

    public bool Owned
    {
        set => Result = value;
    }

    public override int Bytes => OperationSize.Of(key, "", slice.Length);
}

/// <summary>Appends to a history for a caller who does not wait, and is told on the writer's thread.</summary>
internal sealed class AppendBehindOperation(string key, long expected, int count, ReadOnlyMemory<byte> slice, IAppendObserver observer) : WriteOperation, IHistoryAppend
{
    private bool _owned;

    public string Key => key;

    public long Expected => expected;

    public int Count => count;

    public ReadOnlyMemory<byte> Slice => slice;

    public bool Owned
    {
        set => _owned = value;
    }

    public override int Bytes => OperationSize.Of(key, "", slice.Length);

    public override void Complete()
    {
        if (Error is null) observer.Appended(_owned);
        else observer.Failed(Error);
    }

    public override void Fail(Exception exception) => observer.Failed(exception);
}

/// <summary>Removes a history, and erases it or not.</summary>
internal sealed class DeleteHistoryOperation(string key, bool erases) : WriteOperation<bool>
{
    public string Key => key;

    public override int Bytes => OperationSize.Of(key, "", 0);

    /// <summary>Also when it was deleted before: the bytes may have outlived an earlier attempt.</summary>
    public override bool Erases => erases;
}

/// <summary>Puts other bytes in the place of a slice; the result tells whether there is such a slice.</summary>
internal sealed class RewriteHistoryOperation(string key, long first, int count, ReadOnlyMemory<byte> slice) : WriteOperation<bool>
{
    public string Key => key;

    public long First => first;

    public int Count => count;

    public ReadOnlyMemory<byte> Slice => slice;

    public override int Bytes => OperationSize.Of(key, "", slice.Length);

    /// <summary>Also when the same bytes stand there: the former may have outlived an earlier attempt.</summary>
    public override bool Erases => true;
}

/// <summary>Adds an id to the index, or removes it.</summary>
internal sealed class IndexOperation(string tenant, string customer, bool add) : WriteOperation<bool>
{
    public string Tenant => tenant;

    public string Customer => customer;

    public bool Adds => add;

    public override int Bytes => OperationSize.Of(tenant, customer, 0);
}

/// <summary>What an operation takes in the queue and in a journal, about.</summary>
internal static class OperationSize
{
    private const int Overhead = 16;

    public static int Of(string one, string two, int value) => Overhead + one.Length + two.Length + value;
}

/// <summary>What a history takes.</summary>
internal static class HistoryAppends
{
    /// <summary>Checks the numbers of an append.</summary>
    /// <param name="expected">The expected length.</param>
    /// <param name="count">Entries that are appended.</param>
    /// <param name="most">Entries that a history has at most.</param>
    public static void Check(long expected, int count, long most)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(expected);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(expected, most - count);
    }

    /// <summary>Checks that a slice fits in the place of another.</summary>
    /// <param name="former">Bytes that the slice has.</param>
    /// <param name="next">Bytes that it is to have.</param>
    /// <exception cref="ArgumentException">There are more of them.</exception>
    public static void CheckRewrite(long former, int next)
    {
        if (next > former) throw new ArgumentException($"It has {next} bytes and replaces {former}: a slice that is rewritten cannot grow.", nameof(next));
    }
}
