using System.Security.Cryptography;
using Cdp.Domain.Decisions;
using Cdp.V1;

namespace Cdp.Grains.Decisions;

/// <summary>Calls for decisions, as they come over the wire.</summary>
internal static class DecisionCalls
{
    /// <summary>The call of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="id">The decision's.</param>
    /// <param name="seed">Of what is drawn.</param>
    /// <param name="purpose">What the customer's data are read for.</param>
    public static DecisionCall Of(DecideRequest request, DecisionId id, ulong seed, string purpose) => new(id, seed, purpose)
    {
        Mode = request.Mode,
        Consistency = request.Consistency,
        Slots = request.Slots,
        OmitRemoved = request.OmitRemoved,
        WithPropensity = request.WithPropensity,
    };

    /// <summary>Twice 64 bits that nobody foresees: asking for them costs more than they do.</summary>
    public static (ulong Nonce, ulong Seed) NextRandom()
    {
        Span<byte> bytes = stackalloc byte[2 * sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return (BitConverter.ToUInt64(bytes), BitConverter.ToUInt64(bytes[sizeof(ulong)..]));
    }
}
