using System.Globalization;
using System.Text;
using System.Text.Json;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Schemas;

/// <summary>The types of JSON.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Number = 4,

    /// <summary>A number without a fraction; it is a number too.</summary>
    Integer = 8,
    String = 16,
    Array = 32,
    Object = 64,
}

/// <summary>A value of an event as JSON Schema sees it.</summary>
internal readonly struct CheckedValue
{
    private readonly Value? _value;
    private readonly MapField<string, Value>? _fields;

    /// <summary>A value.</summary>
    public CheckedValue(Value value) => _value = value;

    /// <summary>An object.</summary>
    public CheckedValue(MapField<string, Value> fields) => _fields = fields;

    /// <summary>Its type; a number without a fraction has two.</summary>
    public JsonTypes Types => _fields is not null ? JsonTypes.Object : _value!.KindCase switch
    {
        Value.KindOneofCase.BoolValue => JsonTypes.Boolean,
        Value.KindOneofCase.IntValue => JsonTypes.Number | JsonTypes.Integer,
        Value.KindOneofCase.DecimalValue or Value.KindOneofCase.DoubleValue => Number is { } number && number.IsInteger ? JsonTypes.Number | JsonTypes.Integer : JsonTypes.Number,
        Value.KindOneofCase.StringValue or Value.KindOneofCase.TimestampValue => JsonTypes.String,
        Value.KindOneofCase.ListValue => JsonTypes.Array,
        Value.KindOneofCase.MoneyValue or Value.KindOneofCase.MapValue => JsonTypes.Object,
        _ => JsonTypes.Null,
    };

    /// <summary>The number that it is; null: it is none.</summary>
    public JsonNumber? Number => _value?.KindCase switch
    {
        Value.KindOneofCase.IntValue => new JsonNumber(_value.IntValue),
        Value.KindOneofCase.DecimalValue => JsonNumber.Parse(_value.DecimalValue),
        Value.KindOneofCase.DoubleValue => JsonNumber.Of(_value.DoubleValue),
        _ => null,
    };

    /// <summary>The text that it is; null: it is none.</summary>
    public string? Text => _value?.KindCase switch
    {
        Value.KindOneofCase.StringValue => _value.StringValue,
        Value.KindOneofCase.TimestampValue => TextOf(_value.TimestampValue),
        _ => null,
    };

    /// <summary>Whether it is a moment, and so a well written one.</summary>
    public bool IsTimestamp => _value?.KindCase == Value.KindOneofCase.TimestampValue;

    /// <summary>The list that it is; null: it is none.</summary>
    public RepeatedField<Value>? List => _value?.KindCase == Value.KindOneofCase.ListValue ? _value.ListValue.Values : null;

    /// <summary>The fields of the object that it is; null: it is none.</summary>
    public MapField<string, Value>? Fields => _fields ?? _value?.KindCase switch
    {
        Value.KindOneofCase.MapValue => _value.MapValue.Fields,
        Value.KindOneofCase.MoneyValue => new MapField<string, Value>
        {
            ["amount"] = new Value { DecimalValue = _value.MoneyValue.Amount }, ["currency_code"] = new Value { StringValue = _value.MoneyValue.CurrencyCode },
        },
        _ => null,
    };

    /// <summary>A text that equal values share, whatever kinds they were sent as, and others do not.</summary>
    public string Canonical()
    {
        var text = new StringBuilder();
        Write(text);
        return text.ToString();
    }

    /// <summary>The same of a value of a schema.</summary>
    public static string Canonical(JsonElement element)
    {
        var text = new StringBuilder();
        Write(text, element);
        return text.ToString();
    }

    private void Write(StringBuilder text)
    {
        if (Number is { } number) text.Append(number);
        else if (Text is { } own) Write(text, own);
        else if (List is { } list) WriteAll(text, '[', list, static (text, value) => new CheckedValue(value).Write(text));
        else if (Fields is { } fields)
        {
            WriteAll(text, '{', fields.OrderBy(f => f.Key, StringComparer.Ordinal), static (text, field) =>
            {
                Write(text, field.Key);
                new CheckedValue(field.Value).Write(text);
            });
        }
        else text.Append(_value!.KindCase == Value.KindOneofCase.BoolValue ? (_value.BoolValue ? 't' : 'f') : 'n');
    }

    private static void Write(StringBuilder text, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Number:
                text.Append(JsonNumber.Of(element));
                break;
            case JsonValueKind.String:
                Write(text, element.GetString()!);
                break;
            case JsonValueKind.Array:
                WriteAll(text, '[', element.EnumerateArray(), static (text, item) => Write(text, item));
                break;
            case JsonValueKind.Object:
                WriteAll(text, '{', element.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal), static (text, property) =>
                {
                    Write(text, property.Name);
                    Write(text, property.Value);
                });
                break;
            default:
                text.Append(element.ValueKind switch { JsonValueKind.True => 't', JsonValueKind.False => 'f', _ => 'n' });
                break;
        }
    }

    private static void Write(StringBuilder text, string value) => text.Append('"').Append(value.Length).Append(':').Append(value);

    private static void WriteAll<T>(StringBuilder text, char open, IEnumerable<T> items, Action<StringBuilder, T> write)
    {
        text.Append(open);
        foreach (var item in items)
        {
            write(text, item);
            text.Append(',');
        }
    }

    private static string TextOf(Timestamp time) =>
        DateTime.UnixEpoch.AddTicks(time.UnixMicros * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
}
