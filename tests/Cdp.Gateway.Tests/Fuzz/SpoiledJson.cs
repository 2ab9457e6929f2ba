using System.Text;
using System.Text.RegularExpressions;

namespace Cdp.Gateway.Tests.Fuzz;

/// <summary>Texts of JSON of which something is wrong: bytes, tokens, numbers, texts, depth.</summary>
internal static partial class SpoiledJson
{
    private static readonly string[] Numbers =
    [
        "1e999", "-1e999", "1e-999", "NaN", "Infinity", "-", "+1", "01", ".5", "5.", "0x1", "1_000", "1e", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "2147483648", "1.5", "-0", "\"1.5\"", "\"\"", "\" 1\"",
        "\"0x1\"", "1" + new string('0', 400), "0." + new string('1', 2000), "\"1e5\"", "1e5", "true", "null", "[]", "{}",
    ];

    private static readonly string[] Texts =
    [
        "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u12\"", "\"\\x\"", "\"\\", "\"\t\"", "\"\0\"", "'a'", "\"\\u0000\"", "null", "1", "{}", "[[]]", "true", "\"a\" \"b\"", "\"\u2028\"", "undefined",
    ];

    private static readonly byte[][] Sequences = [[0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF8, 0x88, 0x80, 0x80], [0xFF], [0xFE, 0xFF], [0xEF, 0xBB, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0x80], [0]];

    /// <summary>Mostly spoiled; the same random numbers spoil it in the same way.</summary>
    public static byte[] Make(Random random, string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        return random.Next(14) switch
        {
            0 => Flip(random, bytes),
            1 => bytes[..random.Next(bytes.Length + 1)],
            2 => Encoding.UTF8.GetBytes(json.Replace(":", random.Next(2) == 0 ? "::" : ": {\"a\":", StringComparison.Ordinal)),
            3 => Encoding.UTF8.GetBytes(json.Replace("\"", "", StringComparison.Ordinal)),
            4 => Encoding.UTF8.GetBytes(new string(random.Next(2) == 0 ? '[' : '{', random.Next(1, 20_000))),
            5 or 6 => Encoding.UTF8.GetBytes(Replace(random, Number(), json, Numbers)),
            7 => Encoding.UTF8.GetBytes(Replace(random, Text(), json, Texts)),
            8 => Insert(random, bytes, Sequences[random.Next(Sequences.Length)]),
            9 => Encoding.UTF8.GetBytes(Nested(random, json)),
            10 => Encoding.UTF8.GetBytes(json.Replace("}", random.Next(2) == 0 ? ",}" : "}/**/", StringComparison.Ordinal)),
            _ => bytes,
        };
    }

    private static byte[] Flip(Random random, byte[] bytes)
    {
        for (var flips = random.Next(1, 8); flips > 0 && bytes.Length > 0; flips--) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    /// <summary>Puts another in the place of one of what is found, or of all.</summary>
    private static string Replace(Random random, Regex found, string json, string[] others)
    {
        var count = found.Count(json);
        if (count == 0) return json;
        var (only, at) = (random.Next(3) == 0 ? -1 : random.Next(count), 0);
        return found.Replace(json, match => only < 0 || only == at++ ? others[random.Next(others.Length)] : match.Value);
    }

    private static byte[] Insert(Random random, byte[] bytes, byte[] sequence)
    {
        var at = random.Next(bytes.Length + 1);
        return [.. bytes.AsSpan(0, at), .. sequence, .. bytes.AsSpan(at)];
    }

    /// <summary>Lists in lists where a value may be, closed or not.</summary>
    private static string Nested(Random random, string json)
    {
        var depth = random.Next(2) == 0 ? random.Next(1, 200) : random.Next(1, 20_000);
        var value = $"{Repeat("{\"listValue\":{\"values\":[", depth)}{(random.Next(2) == 0 ? Repeat("]}}", depth) : "")}";
        return random.Next(2) == 0 ? $"{{\"events\":[{{\"id\":\"e\",\"properties\":{{\"a\":{value}}}}}]}}" : Replace(random, Text(), json, [value]);
    }

    private static string Repeat(string text, int count) => new StringBuilder(text.Length * count).Insert(0, text, count).ToString();

    [GeneratedRegex("(?<=[:\\[,] ?)-?[0-9][0-9.eE+-]*", RegexOptions.None, 1000)]
    private static partial Regex Number();

    [GeneratedRegex("\"[^\"\\\\]{0,200}\"", RegexOptions.NonBacktracking)]
    private static partial Regex Text();
}
