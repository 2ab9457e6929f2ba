using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Cdp.Domain.Decisions;

/// <summary>
/// Names a decision, and says where it stands. The nonce tells it from another one at the same place: a crash may lose a
/// decision, and its place is taken by the next entry.
/// </summary>
/// <param name="Customer">The customer in whose history it stands; empty: it stands under its own id.</param>
/// <param name="Sequence">Its place in that history; 0 without one.</param>
/// <param name="AtMicros">When it was made, in microseconds since the epoch, UTC; not before the epoch.</param>
/// <param name="Nonce">Random.</param>
public readonly record struct DecisionId(string Customer, long Sequence, long AtMicros, ulong Nonce)
{
    private const int MaxCustomer = 40;

    /// <summary>XxHash64 of an id's UTF-16LE code units, by which states name decisions, actions and outcomes.</summary>
    public static ulong HashOf(string id) => XxHash64.HashToUInt64(MemoryMarshal.AsBytes(id.AsSpan()));

    /// <summary>Reads an id; false for what <see cref="ToString"/> does not write.</summary>
    public static bool TryParse(string text, out DecisionId id)
    {
        id = default;
        string[] parts = text.Length <= DecisionLimits.IdLength ? text.Split('.') : [];
        if (parts.Length != 4
            || parts[0].Length > MaxCustomer
            || !parts[0].All(char.IsAsciiLetterOrDigit)
            || !long.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long sequence)
            || !long.TryParse(parts[2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long at)
            || !ulong.TryParse(parts[3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong nonce))
        {
            return false;
        }

        id = new DecisionId(parts[0], sequence, at, nonce);
        return string.Equals(id.ToString(), text, StringComparison.Ordinal);
    }

    /// <summary>The id as callers see it: customer, place, time and nonce, in hexadecimal, between points.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Customer}.{Sequence:x}.{AtMicros:x}.{Nonce:x16}");
}
