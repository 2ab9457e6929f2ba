using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Cdp.SingleNode.Engine;

/// <summary>
/// The checking mode: tells senders and receivers that change a message which is shared with the other side. It
/// remembers the last reply of each grain, to find a grain that hands out a message and goes on changing it.
/// </summary>
internal sealed class MessageChecks
{
    private readonly ConditionalWeakTable<object, Sent> _lastReplies = [];

    internal static void RequireUnchanged(IMessage message, ByteString expected, string what, GrainKind kind, string method)
    {
        if (!message.ToByteString().Equals(expected))
            throw new FrozenMessageException($"{kind.Interface.Name}.{method}: {what} after it was sent. A message is frozen once sent; change a clone.");
    }

    internal static void RequireUnchanged(IMessage message, ByteString expected, string what, object grain, string method)
    {
        if (!message.ToByteString().Equals(expected))
            throw new FrozenMessageException($"{grain.GetType().Name}.{method}: {what}. A message is frozen once sent; change a clone.");
    }

    internal void Watch(object grain, IMessage reply, string method) =>
        _lastReplies.AddOrUpdate(grain, new Sent(reply, reply.ToByteString(), method));

    internal void RequireRepliesUnchanged(object grain)
    {
        if (_lastReplies.TryGetValue(grain, out var sent))
            RequireUnchanged(sent.Reply, sent.Bytes, "the grain changed its reply after it was sent", grain, sent.Method);
    }

    private sealed record Sent(IMessage Reply, ByteString Bytes, string Method);
}

/// <summary>A message was changed after it was sent. Thrown in the checking mode only; a bug of the named side.</summary>
public sealed class FrozenMessageException : Exception
{
    /// <summary>Creates the exception without a text.</summary>
    public FrozenMessageException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">Who changed what.</param>
    public FrozenMessageException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    /// <param name="message">Who changed what.</param>
    /// <param name="innerException">The cause.</param>
    public FrozenMessageException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
