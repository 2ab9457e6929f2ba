using Cdp.Grains.Ports;
using Google.Protobuf;

namespace Cdp.Grains;

/// <summary>The one state of a grain, written over no other activation's.</summary>
/// <param name="context">The activation; its key is the state's.</param>
/// <param name="states">Where it is kept.</param>
/// <param name="kind">Kind of the state.</param>
/// <param name="parser">Reads it.</param>
internal sealed class GrainState<T>(IGrainContext context, IStateStore states, string kind, MessageParser<T> parser)
    where T : class, IMessage<T>
{
    private string? _tag;

    /// <summary>What was read or written last; null where there is none. Never changed: a change writes another.</summary>
    public T? Value { get; private set; }

    /// <summary>Reads it, once, when the grain is activated.</summary>
    public async ValueTask ReadAsync(CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(kind, context.Key, cancellationToken);
        _tag = row.Tag;
        Value = row.Exists ? parser.ParseFrom(row.Value.Span) : null;
    }

    /// <summary>Replaces it; durable when it returns.</summary>
    /// <exception cref="OwnershipLostException">Another activation wrote it since; this one is dropped.</exception>
    public async ValueTask WriteAsync(T next, CancellationToken cancellationToken)
    {
        var tag = await states.WriteAsync(kind, context.Key, next.ToByteArray(), _tag, cancellationToken);
        if (tag is null)
        {
            context.Abandon();
            throw new OwnershipLostException(context.Key);
        }

        _tag = tag;
        Value = next;
    }
}
