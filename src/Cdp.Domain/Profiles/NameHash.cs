using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf.Collections;

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

    /// <summary>Index of a hash in an ascending list; the complement of where it belongs when it is not there.</summary>
    public static int Find(RepeatedField<ulong> hashes, ulong hash)
    {
        int low = 0;
        int high = hashes.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (hashes[middle] == hash)
                return middle;
            if (hashes[middle] < hash)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }
}
