using System.Text.Unicode;
using Cdp.V1;

namespace Cdp.Domain.Events;

/// <summary>
/// Tells of most events, by walking their bytes, that they can be parsed and that properties, context and traits keep
/// every limit. It makes no object and no exception to the rules: whatever is wrong, rare or in doubt is left to
/// <see cref="EventValidator"/>, which parses the whole event and says precisely what is wrong. The head's own limits are
/// judged there in any case.
/// </summary>
internal static class PlainEvent
{
    private const int KeyField = 1;
    private const int ValueField = 2;
    private const int MaxDecimalCharacters = 1 + Decimals.IntegerDigits + 1 + Decimals.Scale;

    /// <summary>Whether the event is certainly right but for its head's limits. False says nothing.</summary>
    public static bool IsRight(ReadOnlySpan<byte> wireBytes)
    {
        bool hasTraits = false;
        var fields = new WireReader(wireBytes);
        while (fields.Next())
        {
            bool isRight = (fields.Field, fields.Type) switch
            {
                (Event.KindFieldNumber, WireType.Varint) => true,
                (Event.IdFieldNumber or Event.TypeFieldNumber or Event.SourceFieldNumber or Event.ChannelFieldNumber or Event.SessionIdFieldNumber, WireType.Bytes) => true,
                (Event.OccurredAtFieldNumber or Event.SentAtFieldNumber, WireType.Bytes) => IsTimestamp(fields.Bytes),
                (Event.IdentifiersFieldNumber, WireType.Bytes) => IsIdentifier(fields.Bytes),
                (Event.PropertiesFieldNumber or Event.ContextFieldNumber, WireType.Bytes) => IsEntry(fields.Bytes, depth: 1),
                (Event.TraitsFieldNumber, WireType.Bytes) => !hasTraits && AreTraits(fields.Bytes),
                (Event.OutcomeFieldNumber, WireType.Bytes) => IsOutcome(fields.Bytes),
                _ => false,
            };
            if (!isRight)
                return false;
            hasTraits |= fields.Field == Event.TraitsFieldNumber;
        }

        return !fields.Failed;
    }

    private static bool IsIdentifier(ReadOnlySpan<byte> identifier)
    {
        var fields = new WireReader(identifier);
        while (fields.Next())
        {
            if (fields.Type != WireType.Bytes || fields.Field is not (Identifier.NamespaceFieldNumber or Identifier.ValueFieldNumber))
                return false;
        }

        return !fields.Failed;
    }

    private static bool IsOutcome(ReadOnlySpan<byte> outcome)
    {
        var fields = new WireReader(outcome);
        while (fields.Next())
        {
            bool isRight = (fields.Field, fields.Type) switch
            {
                (EventOutcome.DecisionIdFieldNumber or EventOutcome.ActionIdFieldNumber, WireType.Bytes) => true,
                (EventOutcome.KindFieldNumber, WireType.Varint) => true,
                (EventOutcome.ValueFieldNumber, WireType.Bytes) => IsMoney(fields.Bytes),
                _ => false,
            };
            if (!isRight)
                return false;
        }

        return !fields.Failed;
    }

    private static bool IsEntry(ReadOnlySpan<byte> entry, int depth) =>
        TryReadEntry(entry, out var key, out var value) && Utf8.IsValid(key) && IsValue(value, depth);

    /// <summary>Key and value of a map's entry, each exactly once.</summary>
    private static bool TryReadEntry(ReadOnlySpan<byte> entry, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        key = value = default;
        int seen = 0;
        var fields = new WireReader(entry);
        while (fields.Next())
        {
            if (fields.Type != WireType.Bytes || fields.Field is not (KeyField or ValueField) || (seen & fields.Field) != 0)
                return false;
            seen |= fields.Field;
            if (fields.Field == KeyField)
                key = fields.Bytes;
            else
                value = fields.Bytes;
        }

        return !fields.Failed && seen == (KeyField | ValueField);
    }

    /// <summary>A value of one kind, and of one that is known.</summary>
    private static bool IsValue(ReadOnlySpan<byte> bytes, int depth)
    {
        if (depth > EventLimits.MaxDepth)
            return false;
        var fields = new WireReader(bytes);
        if (!fields.Next())
            return false;
        bool isRight = (fields.Field, fields.Type) switch
        {
            (Value.NullValueFieldNumber or Value.BoolValueFieldNumber or Value.IntValueFieldNumber, WireType.Varint) => true,
            (Value.DecimalValueFieldNumber, WireType.Bytes) => IsDecimal(fields.Bytes),
            (Value.DoubleValueFieldNumber, WireType.Fixed64) => double.IsFinite(BitConverter.UInt64BitsToDouble(fields.Number)),
            (Value.StringValueFieldNumber, WireType.Bytes) => Utf8.IsValid(fields.Bytes),
            (Value.TimestampValueFieldNumber, WireType.Bytes) => IsTimestamp(fields.Bytes),
            (Value.MoneyValueFieldNumber, WireType.Bytes) => IsMoney(fields.Bytes),
            (Value.ListValueFieldNumber, WireType.Bytes) => IsList(fields.Bytes, depth + 1),
            (Value.MapValueFieldNumber, WireType.Bytes) => IsMap(fields.Bytes, depth + 1),
            _ => false,
        };
        return isRight && !fields.Next() && !fields.Failed;
    }

    private static bool IsList(ReadOnlySpan<byte> list, int depth)
    {
        var fields = new WireReader(list);
        while (fields.Next())
        {
            if (fields.Field != ListValue.ValuesFieldNumber || fields.Type != WireType.Bytes || !IsValue(fields.Bytes, depth))
                return false;
        }

        return !fields.Failed;
    }

    private static bool IsMap(ReadOnlySpan<byte> map, int depth)
    {
        var fields = new WireReader(map);
        while (fields.Next())
        {
            if (fields.Field != MapValue.FieldsFieldNumber || fields.Type != WireType.Bytes || !IsEntry(fields.Bytes, depth))
                return false;
        }

        return !fields.Failed;
    }

    private static bool IsDecimal(ReadOnlySpan<byte> text)
    {
        if (text.Length > MaxDecimalCharacters)
            return false;
        Span<char> characters = stackalloc char[MaxDecimalCharacters];
        for (int i = 0; i < text.Length; i++)
            characters[i] = (char)text[i];
        return Decimals.TryParse(characters[..text.Length], out _);
    }

    private static bool IsTimestamp(ReadOnlySpan<byte> bytes)
    {
        var fields = new WireReader(bytes);
        while (fields.Next())
        {
            bool isRight = (fields.Field, fields.Type) switch
            {
                (Timestamp.UnixMicrosFieldNumber, WireType.Fixed64) => (long)fields.Number is >= EventLimits.MinMicros and <= EventLimits.MaxMicros,
                (Timestamp.UtcOffsetMinutesFieldNumber, WireType.Varint) => Signed(fields.Number) is >= -EventLimits.MaxUtcOffsetMinutes and <= EventLimits.MaxUtcOffsetMinutes,
                _ => false,
            };
            if (!isRight)
                return false;
        }

        return !fields.Failed;
    }

    private static long Signed(ulong zigzag) => (long)(zigzag >> 1) ^ -(long)(zigzag & 1);

    private static bool IsMoney(ReadOnlySpan<byte> bytes)
    {
        bool hasCurrency = false;
        bool hasAmount = false;
        var fields = new WireReader(bytes);
        while (fields.Next())
        {
            if (fields.Type != WireType.Bytes)
                return false;
            if (fields.Field == Money.CurrencyCodeFieldNumber && !hasCurrency && IsCurrency(fields.Bytes))
                hasCurrency = true;
            else if (fields.Field == Money.AmountFieldNumber && !hasAmount && IsDecimal(fields.Bytes))
                hasAmount = true;
            else
                return false;
        }

        return hasCurrency && hasAmount && !fields.Failed;
    }

    private static bool IsCurrency(ReadOnlySpan<byte> code) => code.Length == 3 && !code.ContainsAnyExceptInRange((byte)'A', (byte)'Z');

    /// <summary>Changes of one kind only: that no trait is changed in two ways needs no comparing then.</summary>
    private static bool AreTraits(ReadOnlySpan<byte> changes)
    {
        int kind = 0;
        var fields = new WireReader(changes);
        while (fields.Next())
        {
            if (fields.Type != WireType.Bytes || (kind != 0 && kind != fields.Field))
                return false;
            kind = fields.Field;
            bool isRight = kind switch
            {
                TraitChanges.SetFieldNumber or TraitChanges.SetOnceFieldNumber => IsTrait(fields.Bytes),
                TraitChanges.UnsetFieldNumber => IsTraitName(fields.Bytes),
                _ => false,
            };
            if (!isRight)
                return false;
        }

        return !fields.Failed;
    }

    private static bool IsTrait(ReadOnlySpan<byte> entry) =>
        TryReadEntry(entry, out var name, out var value)
        && IsTraitName(name)
        && value.Length <= EventLimits.MaxTraitValueBytes
        && IsValue(value, depth: 1);

    /// <summary>Printable ASCII: one byte a character, and none of them for control.</summary>
    private static bool IsTraitName(ReadOnlySpan<byte> name) =>
        name.Length is >= 1 and <= EventLimits.MaxTraitNameLength && !name.ContainsAnyExceptInRange((byte)' ', (byte)'~');
}
