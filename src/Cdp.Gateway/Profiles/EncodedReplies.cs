using System.Text;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Profiles;

/// <summary>Replies around profiles that customers handed over encoded: these need not be read to be passed on.</summary>
internal static class EncodedReplies
{
    /// <summary>The customer's id of an encoded profile: its first field.</summary>
    public static string CustomerId(ByteString profile)
    {
        var bytes = profile.Span;
        return bytes.Length > 2 && bytes[0] == WireFormat.MakeTag(Cdp.V1.Profile.CustomerIdFieldNumber, WireFormat.WireType.LengthDelimited) && bytes[1] <= bytes.Length - 2
            ? Encoding.ASCII.GetString(bytes.Slice(2, bytes[1]))
            : string.Empty;
    }

    /// <summary>A <see cref="GetProfileResponse"/>.</summary>
    public static byte[] Profile(ByteString profile)
    {
        var reply = new byte[SizeOf(profile.Length)];
        profile.Span.CopyTo(Field(reply, GetProfileResponse.ProfileFieldNumber, profile.Length));
        return reply;
    }

    /// <summary>A <see cref="BatchGetProfilesResponse"/>: each result a profile, or the reason why there is none.</summary>
    public static byte[] Profiles(IReadOnlyList<(ByteString? Profile, string Reason)> results)
    {
        var reply = new byte[results.Sum(result => SizeOf(SizeOf(result)))];
        var rest = reply.AsSpan();
        foreach (var result in results)
        {
            rest = Field(rest, BatchGetProfilesResponse.ResultsFieldNumber, SizeOf(result));
            if (result.Profile is { } profile)
            {
                rest = Field(rest, ProfileResult.ProfileFieldNumber, profile.Length);
                profile.Span.CopyTo(rest);
                rest = rest[profile.Length..];
            }
            else
            {
                var failed = new ProfileResult { ErrorReason = result.Reason };
                failed.WriteTo(rest[..failed.CalculateSize()]);
                rest = rest[failed.CalculateSize()..];
            }
        }

        return reply;
    }

    private static int SizeOf((ByteString? Profile, string Reason) result) =>
        result.Profile is { } profile ? SizeOf(profile.Length) : new ProfileResult { ErrorReason = result.Reason }.CalculateSize();

    /// <summary>Bytes of a field with a number below 16 that holds a message of so many bytes.</summary>
    private static int SizeOf(int length) => 1 + CodedOutputStream.ComputeLengthSize(length) + length;

    /// <summary>Writes what stands before such a message; returns what is left.</summary>
    private static Span<byte> Field(Span<byte> destination, int number, int length)
    {
        destination[0] = (byte)WireFormat.MakeTag(number, WireFormat.WireType.LengthDelimited);
        var at = 1;
        var left = (uint)length;
        for (; left > 0x7F; left >>= 7) destination[at++] = (byte)(left | 0x80);
        destination[at++] = (byte)left;
        return destination[at..];
    }
}
