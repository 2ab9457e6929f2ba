using System.Buffers;
using System.Text;

namespace Cdp.Rpc.Wire;

/// <summary>The percent-encoding of <c>grpc-message</c>: UTF-8, with everything but printable ASCII and "%" escaped.</summary>
internal static class GrpcMessage
{
    // Clients limit a block of headers, to 8 KB commonly: a text that filled it would cost the status. Cut beyond.
    private const int MaxEncoded = 2048;
    private const int LongestRune = 12;

    private static readonly SearchValues<char> Plain = SearchValues.Create(
        " !\"#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    public static string Encode(string text)
    {
        if (text.Length <= MaxEncoded && text.AsSpan().IndexOfAnyExcept(Plain) < 0)
        {
            return text;
        }

        var encoded = new StringBuilder(Math.Min(text.Length + 32, MaxEncoded));
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            if (encoded.Length > MaxEncoded - LongestRune)
            {
                break;
            }

            foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
            {
                if (b is >= 0x20 and <= 0x7E and not (byte)'%')
                {
                    encoded.Append((char)b);
                }
                else
                {
                    encoded.Append('%').Append(HexDigit(b >> 4)).Append(HexDigit(b & 15));
                }
            }
        }

        return encoded.ToString();
    }

    /// <summary>Decodes leniently, as the specification asks: what is no valid escape stays as it is.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        var source = Encoding.UTF8.GetBytes(text);
        var decoded = new byte[source.Length];
        var length = 0;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '%' && i + 2 < source.Length && char.IsAsciiHexDigit((char)source[i + 1])
                && char.IsAsciiHexDigit((char)source[i + 2]))
            {
                decoded[length++] = (byte)((HexValue(source[i + 1]) << 4) | HexValue(source[i + 2]));
                i += 2;
            }
            else
            {
                decoded[length++] = source[i];
            }
        }

        return Encoding.UTF8.GetString(decoded, 0, length);
    }

    private static char HexDigit(int value) => (char)(value < 10 ? '0' + value : 'A' + value - 10);

    private static int HexValue(byte digit) =>
        digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
