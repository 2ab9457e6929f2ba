using System.Text;
using Cdp.Domain.Events;
using Cdp.V1;

namespace Cdp.Domain.Consent;

/// <summary>Global Privacy Control in a context: the name <c>gpc</c>, <c>sec_gpc</c> or <c>Sec-GPC</c>, with true, 1 or "1".</summary>
/// <remarks>https://w3c.github.io/gpc: the header field <c>Sec-GPC: 1</c>.</remarks>
public static class PrivacySignal
{
    private const int KeyField = 1;
    private const int ValueField = 2;

    private static readonly string[] Names = ["gpc", "sec_gpc", "sec-gpc"];

    /// <summary>Whether the context of an event on the wire bears it.</summary>
    public static bool IsIn(ReadOnlySpan<byte> wireBytes)
    {
        var fields = new WireReader(wireBytes);
        while (fields.Next())
        {
            if (fields.Field == Event.ContextFieldNumber && fields.Type == WireType.Bytes && IsSet(fields.Bytes))
                return true;
        }

        return false;
    }

    /// <summary>Whether a context bears it.</summary>
    public static bool IsIn(IReadOnlyDictionary<string, Value> context)
    {
        foreach (var (name, value) in context)
        {
            if (Names.Contains(name, StringComparer.OrdinalIgnoreCase) && IsTrue(value))
                return true;
        }

        return false;
    }

    private static bool IsSet(ReadOnlySpan<byte> entry)
    {
        var fields = new WireReader(entry);
        bool named = false;
        ReadOnlySpan<byte> value = default;
        while (fields.Next())
        {
            if (fields.Type != WireType.Bytes)
                return false;
            if (fields.Field == KeyField)
                named = IsName(fields.Bytes);
            else if (fields.Field == ValueField)
                value = fields.Bytes;
        }

        return named && IsTrue(Value.Parser.ParseFrom(value));
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (string known in Names)
        {
            if (name.Length == known.Length && Ascii.EqualsIgnoreCase(name, known))
                return true;
        }

        return false;
    }

    private static bool IsTrue(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.BoolValue => value.BoolValue,
        Value.KindOneofCase.IntValue => value.IntValue == 1,
        Value.KindOneofCase.StringValue => value.StringValue == "1" || value.StringValue.Equals("true", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };
}
