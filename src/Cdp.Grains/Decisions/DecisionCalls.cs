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
    /// <param name="purpose">What the customer's data are read for.</param>
    public static DecisionCall Of(DecideRequest request, DecisionId id, string purpose) => new(id, NextRandom(), purpose)
    {
        Mode = request.Mode,
        Consistency = request.Consistency,
        Slots = request.Slots,
        OmitRemoved = request.OmitRemoved,
        WithPropensity = request.WithPropensity,
    };

    /// <summary>64 bits that nobody foresees.</summary>
    public static ulong NextRandom()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }
}
