using Cdp.V1;
using Google.Protobuf;

namespace Cdp.CrashKit;

/// <summary>A decision that was answered.</summary>
/// <param name="Response">The answer.</param>
/// <param name="Shopper">For whom it was asked; null: for nobody that is known.</param>
/// <param name="AskedAt">Moment of the ledger at which it was asked for.</param>
/// <param name="SeesAll">Whether it was asked for when both customers of the shopper were known to be one.</param>
public sealed record AnsweredDecision(DecideResponse Response, Shopper? Shopper, long AskedAt, bool SeesAll)
{
    /// <summary>The bytes of the answer.</summary>
    public ByteString Bytes { get; } = Response.ToByteString();

    /// <summary>Its id.</summary>
    public string Id => Response.DecisionId;

    /// <summary>Whether no crash may lose it: it was answered SYNC, or is a visitor's.</summary>
    public bool IsPromised => Response.Consistency == DecisionConsistency.Sync || Response.CustomerId.Length == 0;
}
