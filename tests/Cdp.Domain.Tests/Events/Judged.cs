using Cdp.Domain.Events;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Events;

/// <summary>Judges events that a test made as messages.</summary>
internal static class Judged
{
    /// <summary>Two empty changes of traits: they change nothing, and no event with them is plain.</summary>
    private static readonly byte[] NotPlain = [0x62, 0x00, 0x62, 0x00];

    public static EventRefusal? RefusalOf(Event candidate) => EventValidator.Validate(candidate.ToByteArray(), out _);

    /// <summary>What the whole, parsed event is refused for: the judgement that the walk over the bytes spares most events.</summary>
    public static EventRefusal? WholeRefusalOf(ReadOnlySpan<byte> wireBytes) => EventValidator.Validate([.. wireBytes, .. NotPlain], out _);
}
