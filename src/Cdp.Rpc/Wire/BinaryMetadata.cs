using System.Buffers;
using System.Buffers.Text;

namespace Cdp.Rpc.Wire;

/// <summary>Values of metadata whose name ends in <c>-bin</c>: base64, sent without padding, taken with or without.</summary>
internal static class BinaryMetadata
{
    public const string Suffix = "-bin";

    public static bool IsBinary(string name) => name.EndsWith(Suffix, StringComparison.Ordinal);

    public static string Encode(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    /// <summary>Decodes one value (not a comma-joined list); false when it is no base64.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] value)
    {
        value = [];
        text = text.Trim().TrimEnd('=');
        var padded = (text.Length + 3) / 4 * 4;
        if (padded - text.Length == 3)
        {
            return false;
        }

        var chars = ArrayPool<char>.Shared.Rent(padded);
        try
        {
            text.CopyTo(chars);
            chars.AsSpan(text.Length, padded - text.Length).Fill('=');
            var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(padded)];
            if (!Convert.TryFromBase64Chars(chars.AsSpan(0, padded), bytes, out var written))
            {
                return false;
            }

            value = written == bytes.Length ? bytes : bytes[..written];
            return true;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    /// <summary>Checks a name and an ASCII value as the HTTP/2 mapping of gRPC allows them.</summary>
    /// <exception cref="ArgumentException">The name or the value cannot be sent.</exception>
    public static void Validate(string name, string? asciiValue)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('_' or '-' or '.'))
            {
                throw new ArgumentException($"Metadata name '{name}' may hold only [a-z0-9_.-].", nameof(name));
            }
        }

        if (name.StartsWith("grpc-", StringComparison.Ordinal) || name is "content-type" or "te" or "content-length" or "connection")
        {
            throw new ArgumentException($"Metadata name '{name}' is reserved.", nameof(name));
        }

        if (IsBinary(name) == asciiValue is not null)
        {
            throw new ArgumentException($"Metadata '{name}': bytes belong to a name ending in -bin, text to any other.", nameof(name));
        }

        if (asciiValue.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
        {
            throw new ArgumentException($"The value of metadata '{name}' may hold only printable ASCII.", nameof(asciiValue));
        }
    }
}
