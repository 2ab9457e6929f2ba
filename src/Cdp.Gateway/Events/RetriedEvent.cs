using System.Globalization;
using Cdp.Domain.Events;
using Cdp.Gateway.Keys;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Events;

/// <summary>A dead letter on its way back into the log.</summary>
/// <param name="Caller">Who publishes it, with the source that it had.</param>
/// <param name="Id">Its id.</param>
/// <param name="Bytes">The event on the wire.</param>
/// <param name="IsOwn">The platform itself made it: its type may be reserved.</param>
internal sealed record RetriedEvent(Caller Caller, string Id, ReadOnlyMemory<byte> Bytes, bool IsOwn)
{
    private const string ReservedTypes = "cdp.";

    /// <summary>What is published in a dead letter's stead.</summary>
    public static RetriedEvent Of(Caller caller, KeptLetter kept, Event? repaired)
    {
        var logged = kept.Event;
        var bytes = repaired is not null ? repaired.ToByteString() : logged.Refused?.Raw ?? logged.Event;
        var source = SourceOf(caller, kept);
        var sender = source == caller.Key.Source ? caller : caller with { Key = new Key(caller.Key) { Source = source } };
        if (EventReader.TryWhole(bytes.Span) is not { } whole) return new RetriedEvent(sender, string.Empty, bytes.Memory, IsOwn: false);
        var isOwn = repaired is null && logged.Refused is null && whole.Type.StartsWith(ReservedTypes, StringComparison.Ordinal);
        if (kept.Letter.Reason != DeadLetterReasons.FoldFailed) return new RetriedEvent(sender, whole.Id, bytes.Memory, isOwn);

        // The history has it, and leaves it out for good: what comes in its place is another event, and the same however often it is retried.
        if (repaired is null || EventHash.IdOf(source, whole.Id) == IdOf(kept)) whole.Id = NewId(whole.Id, kept);
        return new RetriedEvent(sender, whole.Id, whole.ToByteArray(), isOwn);
    }

    private static UInt128 IdOf(KeptLetter kept) => kept.Event is { } logged ? new UInt128(logged.IdHashHigh, logged.IdHashLow) : default;

    private static string NewId(string id, KeptLetter kept)
    {
        var made = string.Create(CultureInfo.InvariantCulture, $"{id}~{kept.Letter.Partition}-{kept.Letter.Position}");
        return made.Length <= EventLimits.MaxIdLength ? made : string.Create(CultureInfo.InvariantCulture, $"~{kept.Letter.Partition}-{kept.Letter.Position}~{EventHash.IdOf(string.Empty, id):x32}");
    }

    /// <summary>The source that an event without one has: that of the key that sent it first.</summary>
    private static string SourceOf(Caller caller, KeptLetter kept)
    {
        var source = kept.Event?.Refused?.Source ?? kept.Event?.Source;
        return source is { Length: > 0 } ? source : caller.Key.Source;
    }
}
