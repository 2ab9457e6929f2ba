using System.Numerics;
using Google.Protobuf;

namespace Cdp.SingleNode.Engine;

/// <summary>Invocations of one method for use again: a stack for each processor, so that threads rarely meet.</summary>
internal sealed class InvocationPool<TRequest, TReply>
    where TRequest : class, IMessage<TRequest>
    where TReply : class, IMessage<TReply>
{
    private const int MaxOnStack = 256;
    private readonly Stack[] _stacks;

    internal InvocationPool()
    {
        var stripes = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 16));
        _stacks = [.. Enumerable.Range(0, stripes).Select(_ => new Stack())];
    }

    private Stack Mine => _stacks[Thread.GetCurrentProcessorId() & (_stacks.Length - 1)];

    internal Invocation<TRequest, TReply>? Take() => Mine.Pop();

    internal void Give(Invocation<TRequest, TReply> invocation) => Mine.Push(invocation);

    /// <summary>Linked through <see cref="Turn.Next"/>, which is free while an invocation is in no mailbox.</summary>
    private sealed class Stack
    {
        private Gate _gate;
        private Turn? _top;
        private int _count;

        internal Invocation<TRequest, TReply>? Pop()
        {
            using (_gate.EnterScope())
            {
                if (_top is not Invocation<TRequest, TReply> top)
                    return null;
                _top = top.Next;
                top.Next = null;
                _count--;
                return top;
            }
        }

        internal void Push(Invocation<TRequest, TReply> invocation)
        {
            using (_gate.EnterScope())
            {
                if (_count >= MaxOnStack)
                    return;
                invocation.Next = _top;
                _top = invocation;
                _count++;
            }
        }
    }
}
