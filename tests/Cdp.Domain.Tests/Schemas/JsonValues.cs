using System.Globalization;
using System.Text.Json;
using Cdp.V1;

namespace Cdp.Domain.Tests.Schemas;

/// <summary>Values as an SDK would make them from JSON.</summary>
internal static class JsonValues
{
    public static Value Of(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Of(document.RootElement);
    }

    public static Value Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => new Value { BoolValue = element.GetBoolean() },
        JsonValueKind.Number when element.TryGetInt64(out long whole) => new Value { IntValue = whole },
        JsonValueKind.Number => new Value { DecimalValue = element.GetDecimal().ToString(CultureInfo.InvariantCulture) },
        JsonValueKind.String => new Value { StringValue = element.GetString()! },
        JsonValueKind.Array => new Value { ListValue = new ListValue { Values = { element.EnumerateArray().Select(Of) } } },
        JsonValueKind.Object => new Value { MapValue = new MapValue { Fields = { element.EnumerateObject().ToDictionary(p => p.Name, p => Of(p.Value), StringComparer.Ordinal) } } },
        _ => new Value { NullValue = NullValue.Unspecified },
    };
}
