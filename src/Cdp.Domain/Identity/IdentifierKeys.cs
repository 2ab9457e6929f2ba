using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Cdp.Domain.Identity;

/// <summary>
/// Makes the keys under which grains and stores know identifiers: <c>NAMESPACE/KEYID.NORMALIZERVERSION/HASH</c>, HASH
/// being the first 16 bytes of HMAC-SHA256(tenant's identity key, namespace 0x00 value) as 22 characters of base64url
/// (RFC 4648 section 5, without padding).
/// </summary>
/// <param name="identityKey">The tenant's identity key.</param>
/// <param name="keyId">Its id.</param>
public sealed class IdentifierKeys(ReadOnlyMemory<byte> identityKey, uint keyId)
{
    /// <summary>Characters of the hash with which a key ends.</summary>
    public const int HashCharacters = 22;

    private const int HashBytes = 16;
    private const int StackBytes = 512;

    private readonly string _middle = string.Create(
        CultureInfo.InvariantCulture, $"/{keyId}.{IdentifierNormalizer.NormalizerVersion}/");

    /// <summary>Makes the key of an identifier.</summary>
    /// <param name="name">The namespace.</param>
    /// <param name="value">The normalised value.</param>
    public string Make(string name, string value)
    {
        var length = Encoding.UTF8.GetMaxByteCount(name.Length + value.Length + 1);
        Span<byte> message = length <= StackBytes ? stackalloc byte[StackBytes] : new byte[length];
        var written = Encoding.UTF8.GetBytes(name, message);
        message[written++] = 0;
        written += Encoding.UTF8.GetBytes(value, message[written..]);

        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(identityKey.Span, message[..written], hash);
        Span<char> text = stackalloc char[HashCharacters];
        Base64Url.EncodeToChars(hash[..HashBytes], text);
        return string.Concat(name, _middle, text);
    }

    /// <summary>The namespace that a key names.</summary>
    public static ReadOnlySpan<char> NamespaceOf(string key)
    {
        var end = key.IndexOf('/', StringComparison.Ordinal);
        return end < 0 ? throw new ArgumentException("Not the key of an identifier.", nameof(key)) : key.AsSpan(0, end);
    }

    /// <summary>The partition of an event whose strongest identifier has this key: by the first 32 bits of its hash.</summary>
    /// <param name="key">Key of the strongest identifier.</param>
    /// <param name="partitions">Number of partitions of the log, at least 1.</param>
    public static int PartitionOf(string key, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        if (!TryHashOf(key, out var hash)) throw new ArgumentException("Not the key of an identifier.", nameof(key));
        return (int)(((ulong)(uint)(hash >> 96) * (uint)partitions) >> 32);
    }

    /// <summary>The hash with which a key ends, as a big-endian number.</summary>
    /// <returns>False for what is no key of an identifier.</returns>
    public static bool TryHashOf(string key, out UInt128 hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[HashBytes];
        if (key.Length <= HashCharacters
            || Base64Url.DecodeFromChars(key.AsSpan(key.Length - HashCharacters), bytes, out _, out int written) != OperationStatus.Done
            || written != HashBytes)
        {
            return false;
        }

        hash = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return true;
    }
}
