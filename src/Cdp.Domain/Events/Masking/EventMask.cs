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

    /// <summary>The event's bytes with everything masked; null: there is nothing to mask.</summary>
    /// <param name="wireBytes">Perhaps a <c>cdp.v1.Event</c>; what cannot be read as one is left alone.</param>
    /// <param name="masked">What was masked.</param>
    public static byte[]? Apply(ReadOnlySpan<byte> wireBytes, out IReadOnlyList<MaskedValue> masked)
    {
        masked = [];
        if (!SensitiveText.MayBeIn(wireBytes)) return null;
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
        switch (value.KindCase)
        {
            case Value.KindOneofCase.StringValue when SensitiveText.Mask(value.StringValue, out var kind) is { } masked:
                value.StringValue = masked;
                found.Add(new MaskedValue(path, kind));
                break;
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

    private static string Shown(string name) => name.Length <= MostName && name.All(static c => char.IsAsciiLetter(c) || c is '_' or '-') ? name : "*";
}
