using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cdp.Gateway.Tests.Fuzz;

/// <summary>Messages of a type whose fields hold what nobody should send. The same random numbers give the same message.</summary>
internal static class RandomMessages
{
    private static readonly string[] Texts =
    [
        "", " ", "\0", "a", "default", "fuzz", "service", "traits.*", "activity", "identifiers.email", "user_id", "email", "../../etc/passwd", "Europe/Berlin", "EUR", "DE",
        "a/b", "%00", "null", "cdp_default_operator_x", "🙂", "\u202e", "９９", "1e999", "-0", "999999999999999999999", "12.345678901234", "+49 30 123456", "a@b", "ﬀ@ﬀ",
        "c0123456789abcdefghjkmnpqr", "AAAA", "9223372036854775807", "-1", new('x', 129), new('y', 600), new('é', 5000),
        "events.count >= 1", "not (traits.plan in [\"a\"]) or revenue.EUR.net > 5 EUR", string.Join(" or ", Enumerable.Repeat("nörgend.x > 1", 500)),
    ];

    private static readonly long[] Numbers = [0, 1, -1, 100, 1_001, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, 253_402_300_800_000_000, -62_135_596_800_000_001];

    private static readonly double[] Doubles = [0, -0.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, double.MaxValue];

    public static IMessage Make(MessageDescriptor type, Random random, int depth = 0)
    {
        var message = type.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in type.Fields.InFieldNumberOrder())
        {
            if (random.Next(3) == 0 || (depth > 4 && field.FieldType == FieldType.Message)) continue;
            if (field.IsMap) Fill((IDictionary)field.Accessor.GetValue(message), field, random, depth);
            else if (field.IsRepeated) Fill((IList)field.Accessor.GetValue(message), field, random, depth);
            else field.Accessor.SetValue(message, ValueOf(field, random, depth));
        }

        return message;
    }

    private static void Fill(IList list, FieldDescriptor field, Random random, int depth)
    {
        for (var count = random.Next(40) == 0 ? random.Next(30) : random.Next(3); count > 0; count--) list.Add(ValueOf(field, random, depth));
    }

    private static void Fill(IDictionary map, FieldDescriptor field, Random random, int depth)
    {
        var (key, value) = (field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
        for (var count = random.Next(3); count > 0; count--) map[ValueOf(key, random, depth)] = ValueOf(value, random, depth);
    }

    private static object ValueOf(FieldDescriptor field, Random random, int depth) => field.FieldType switch
    {
        FieldType.Message => Make(field.MessageType, random, depth + 1),
        FieldType.String => Texts[random.Next(Texts.Length)],
        FieldType.Bytes => ByteString.CopyFromUtf8(Texts[random.Next(Texts.Length)]),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Double => Doubles[random.Next(Doubles.Length)],
        FieldType.Enum => System.Enum.ToObject(field.EnumType.ClrType, random.Next(4) == 0 ? random.Next(-5, 1000) : random.Next(7)),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Numbers[random.Next(Numbers.Length)],
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => unchecked((int)Numbers[random.Next(Numbers.Length)]),
        _ => throw new NotSupportedException($"{field.FullName} has a type that the API did not use before; make values of it here."),
    };
}
