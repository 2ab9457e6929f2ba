using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Cdp.Domain.Identity;

/// <summary>
/// Makes customer ids: opaque, 27 characters of [a-z0-9], and the same for the same place in the identity record, so
/// that a replay finds the same customers.
/// </summary>
/// <param name="identityKey">The tenant's identity key.</param>
public sealed class CustomerIds(ReadOnlyMemory<byte> identityKey)
{
    /// <summary>With what every id begins.</summary>
    public const string Prefix = "c";

    // Crockford's base32: no i, l, o, u.
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int HashBytes = 16;
    private const int Characters = 26;

    // 26 characters hold 130 bits, an id has 128: the first one is 0 to 7.
    private const int FirstCharacters = 8;
    private const int BitsPerCharacter = 5;
    private const byte NoValue = byte.MaxValue;
    private const int ShareCharacters = 8;

    /// <summary>What each character of the alphabet stands for.</summary>
    private static readonly byte[] Values = MakeValues();

    // Begins with 0x00, which no namespace does: never the hash of an identifier.
    private static ReadOnlySpan<byte> Domain => "\0customer\0"u8;

    /// <summary>
    /// The part of all customers, 0 to 1, whose ids come before one in ordinal order: ids are spread evenly.
    /// </summary>
    /// <param name="id">A customer's id; anything else is before all.</param>
    public static double ShareBefore(string id)
    {
        double share = 0;
        for (var (i, part) = (1, 1.0 / FirstCharacters); i < Math.Min(id.Length, ShareCharacters); i++, part /= Alphabet.Length)
            share += Math.Max(0, Alphabet.IndexOf(id[i], StringComparison.Ordinal)) * part;
        return share;
    }

    /// <summary>The id of the customer minted at a place in the identity record.</summary>
    /// <param name="sequence">Sequence of the mint.</param>
    public string Make(long sequence)
    {
        Span<byte> message = stackalloc byte[Domain.Length + sizeof(long)];
        Domain.CopyTo(message);
        BinaryPrimitives.WriteInt64BigEndian(message[Domain.Length..], sequence);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(identityKey.Span, message, hash);

        return Unpack(BinaryPrimitives.ReadUInt128BigEndian(hash[..HashBytes]));
    }

    /// <summary>The 128 bits that an id writes out.</summary>
    /// <param name="id">Any text.</param>
    /// <param name="bits">They, if it is an id as <see cref="Make"/> makes them.</param>
    /// <returns>False for anything else.</returns>
    public static bool TryPack(string id, out UInt128 bits)
    {
        bits = 0;
        if (id.Length != Characters + 1 || id[0] != Prefix[0]) return false;
        for (var i = 1; i <= Characters; i++)
        {
            var value = id[i] < Values.Length ? Values[id[i]] : NoValue;
            if (value >= (i == 1 ? FirstCharacters : Alphabet.Length)) return false;
            bits = (bits << BitsPerCharacter) | value;
        }

        return true;
    }

    /// <summary>The id that writes out 128 bits.</summary>
    public static string Unpack(UInt128 bits) => string.Create(Characters + 1, bits, static (text, bits) =>
    {
        text[0] = Prefix[0];
        for (var i = Characters; i >= 1; i--)
        {
            text[i] = Alphabet[(int)((uint)bits & (Alphabet.Length - 1))];
            bits >>= BitsPerCharacter;
        }
    });

    private static byte[] MakeValues()
    {
        var values = new byte[128];
        Array.Fill(values, NoValue);
        for (var i = 0; i < Alphabet.Length; i++) values[Alphabet[i]] = (byte)i;
        return values;
    }
}
