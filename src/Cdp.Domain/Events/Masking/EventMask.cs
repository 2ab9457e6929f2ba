using System.Globalization;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Events.Masking;

/// <summary>Something that was masked.</summary>
/// <param name="Path">Where, e.g. <c>properties.note</c>; a name that may tell of a person is <c>*</c>.</param>
/// <param name="Kind"><see cref="SensitiveText.CardNumber"/> or <see cref="SensitiveText.Secret"/>.</param>
public readonly record struct MaskedValue(string Path, string Kind);

/// <summary>Masks what nobody should keep in an event's properties, context and traits. Identifiers stay: they say who it is.</summary>
public static class EventMask
{
    /// <summary>Stable reason of the warning that something was masked.</summary>
    public const string MaskedReason = "VALUE_MASKED";

    private const int MostName = 40;

    /// <summary>The smallest number that may be a card's: 14 digits.</summary>
    private const long LeastCard = 30_000_000_000_000;

    // How a Value begins that is a whole number (int_value, a varint) or a binary one (double_value, 64 bits), on the wire.
    private const byte IntTag = (Value.IntValueFieldNumber << 3) | (byte)WireFormat.WireType.Varint;
    private const byte DoubleTag = (Value.DoubleValueFieldNumber << 3) | (byte)WireFormat.WireType.Fixed64;

    /// <summary>Bytes of a varint as large as a card, but for the last, which alone is below 128.</summary>
    private const int LargeVarint = 6;

    /// <summary>The event's bytes with everything masked; null: there is nothing to mask.</summary>
    /// <param name="wireBytes">Perhaps a <c>cdp.v1.Event</c>; what cannot be read as one is left alone.</param>
    /// <param name="masked">What was masked.</param>
    public static byte[]? Apply(ReadOnlySpan<byte> wireBytes, out IReadOnlyList<MaskedValue> masked)
    {
        masked = [];
        if (!SensitiveText.MayBeIn(wireBytes) && !MayHoldNumber(wireBytes)) return null;
        if (EventReader.TryWhole(wireBytes) is not { } read) return null;
        var found = new List<MaskedValue>();
        Mask(read.Properties, "properties", found);
        Mask(read.Context, "context", found);
        if (read.Traits is { } traits)
        {
            Mask(traits.Set, "traits", found);
            Mask(traits.SetOnce, "traits", found);
        }

        masked = found;
        return found.Count > 0 ? read.ToByteArray() : null;
    }

    private static void Mask(MapField<string, Value> fields, string path, List<MaskedValue> found)
    {
        foreach (var (name, value) in fields) Mask(value, $"{path}.{Shown(name)}", found);
    }

    private static void Mask(Value value, string path, List<MaskedValue> found)
    {
        if (TextOf(value) is { } text && SensitiveText.Mask(text, out var kind) is { } masked)
        {
            // A number becomes a text: it has stars in it.
            value.StringValue = masked;
            found.Add(new MaskedValue(path, kind));
            return;
        }

        switch (value.KindCase)
        {
            case Value.KindOneofCase.ListValue:
                foreach (var item in value.ListValue.Values) Mask(item, $"{path}[]", found);
                break;
            case Value.KindOneofCase.MapValue:
                Mask(value.MapValue.Fields, path, found);
                break;
            default:
                break;
        }
    }

    /// <summary>What a value says in characters; null: nothing that could be masked.</summary>
    private static string? TextOf(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.StringValue => value.StringValue,
        Value.KindOneofCase.DecimalValue => value.DecimalValue,
        Value.KindOneofCase.IntValue when value.IntValue >= LeastCard => value.IntValue.ToString(CultureInfo.InvariantCulture),
        Value.KindOneofCase.DoubleValue when value.DoubleValue is >= LeastCard and < long.MaxValue && double.IsInteger(value.DoubleValue) =>
            ((long)value.DoubleValue).ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>Whether a number as large as a card's may stand there as one: cheap, and never wrong where it says no.</summary>
    private static bool MayHoldNumber(ReadOnlySpan<byte> bytes)
    {
        for (var rest = bytes; rest.IndexOf(IntTag) is >= 0 and var at;)
        {
            rest = rest[(at + 1)..];
            if (rest.Length > LargeVarint && !rest[..LargeVarint].ContainsAnyInRange((byte)0, (byte)127)) return true;
        }

        // By the exponent: from 2^33 on.
        for (var rest = bytes; rest.IndexOf(DoubleTag) is >= 0 and var at;)
        {
            rest = rest[(at + 1)..];
            if (rest.Length >= sizeof(double) && rest[sizeof(double) - 1] is 0x42 or 0x43) return true;
        }

        return false;
    }

    private static string Shown(string name) => name.Length <= MostName && name.All(static c => char.IsAsciiLetter(c) || c is '_' or '-') ? name : "*";
}
