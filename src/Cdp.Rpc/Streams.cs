using System.Buffers;
using System.Runtime.CompilerServices;

namespace Cdp.Rpc;

/// <summary>The messages that a client sends.</summary>
/// <typeparam name="T">Type of a message; <see cref="ReadOnlySequence{T}"/> of bytes for raw messages.</typeparam>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message read last. A raw one is valid until the next <see cref="MoveNext"/>.</summary>
    T Current { get; }

    /// <summary>Waits for the next message; false at the end of the stream.</summary>
    /// <exception cref="RpcException">The message is malformed or too large; let it end the call.</exception>
    /// <exception cref="OperationCanceledException">The client went away or the deadline passed.</exception>
    Task<bool> MoveNext(CancellationToken cancellationToken = default);
}

/// <summary>The messages that a handler sends.</summary>
public interface IServerStreamWriter<in T>
{
    /// <summary>Sends a message; returns when the client's flow control has taken it. One write at a time.</summary>
    /// <exception cref="OperationCanceledException">The client went away or the deadline passed.</exception>
    Task WriteAsync(T message);
}

/// <summary>Conveniences on streams.</summary>
public static class StreamExtensions
{
    /// <summary>Reads a stream to its end.</summary>
    public static async IAsyncEnumerable<T> ReadAllAsync<T>(
        this IAsyncStreamReader<T> reader,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        while (await reader.MoveNext(cancellationToken))
        {
            yield return reader.Current;
        }
    }
}
