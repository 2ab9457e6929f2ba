using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;

namespace Cdp.Domain.Profiles;

/// <summary>Hashes of names. Persisted: never changed.</summary>
internal static class NameHash
{
    private const int SuffixBytes = 17;

    /// <summary>XxHash64 of the name's UTF-16LE code units.</summary>
    public static ulong Of(string name) => XxHash64.HashToUInt64(MemoryMarshal.AsBytes(name.AsSpan()));

    /// <summary>
    /// The name itself where it takes at most <paramref name="maxBytes"/> bytes in UTF-8; else as much of its beginning as
    /// fits, <c>~</c> and its hash in 16 hexadecimal digits.
    /// </summary>
    public static string Shortened(string name, int maxBytes)
    {
        if (name.Length * 3 <= maxBytes || Encoding.UTF8.GetByteCount(name) <= maxBytes)
            return name;
        int bytes = 0;
        int length = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > maxBytes - SuffixBytes)
                break;
            bytes += rune.Utf8SequenceLength;
            length += rune.Utf16SequenceLength;
        }

        return string.Concat(name.AsSpan(0, length), "~", Of(name).ToString("x16", CultureInfo.InvariantCulture));
    }
}
