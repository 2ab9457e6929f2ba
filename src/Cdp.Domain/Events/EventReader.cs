using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Events;

/// <summary>
/// Reads of an event on the wire what one use needs, and skips the rest: most of an event's bytes are properties and
/// surroundings that nobody looks at again after the door.
/// </summary>
public static class EventReader
{
    private static readonly MessageParser<EventHead> Heads = EventHead.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<FoldedEvent> Folded = FoldedEvent.Parser.WithDiscardUnknownFields(true);

    /// <summary>Names, times and identifiers.</summary>
    /// <param name="wireBytes">A <c>cdp.v1.Event</c>.</param>
    /// <exception cref="InvalidProtocolBufferException">The bytes are none.</exception>
    public static EventHead Head(ReadOnlySpan<byte> wireBytes) => Heads.ParseFrom(wireBytes);

    /// <summary>The same; null where the bytes are none.</summary>
    /// <param name="wireBytes">Perhaps a <c>cdp.v1.Event</c>.</param>
    public static EventHead? TryHead(ReadOnlySpan<byte> wireBytes)
    {
        try
        {
            return Head(wireBytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>What the fold of a customer takes; type and channel are shared with other customers.</summary>
    /// <param name="wireBytes">A <c>cdp.v1.Event</c> that was validated.</param>
    /// <exception cref="InvalidProtocolBufferException">The bytes are none.</exception>
    public static FoldedEvent ForFold(ReadOnlySpan<byte> wireBytes)
    {
        var read = Folded.ParseFrom(wireBytes);
        read.Type = SharedNames.Of(read.Type);
        read.Channel = SharedNames.Of(read.Channel);
        return read;
    }

    /// <summary>The whole event.</summary>
    /// <param name="wireBytes">A <c>cdp.v1.Event</c>.</param>
    /// <exception cref="InvalidProtocolBufferException">The bytes are none.</exception>
    public static Event Whole(ReadOnlySpan<byte> wireBytes) => Event.Parser.ParseFrom(wireBytes);

    /// <summary>The same; null where the bytes are none.</summary>
    /// <param name="wireBytes">Perhaps a <c>cdp.v1.Event</c>.</param>
    public static Event? TryWhole(ReadOnlySpan<byte> wireBytes)
    {
        try
        {
            return Whole(wireBytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
