using Cdp.Domain.Events;

namespace Cdp.Domain.Expressions;

/// <summary>Readers of the call and the time.</summary>
internal static class CallFieldReaders
{
    public static Operand Now(in Subject subject) => Operand.Moment(subject.NowMicros);

    public static Operand Channel(in Subject subject) => subject.Call is { Channel.Length: > 0 } call ? Operand.Of(call.Channel) : default;

    public static FieldReader Context(string[] names)
    {
        string name = names[0];
        string[] path = names[1..];
        return (in Subject subject) =>
            subject.Call?.Context.TryGetValue(name, out var value) == true ? Operand.Of(Values.Into(value, path)) : default;
    }
}
