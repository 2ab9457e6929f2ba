using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Expressions;

/// <summary>Whom an expression is evaluated about.</summary>
/// <param name="Profile">The customer's state; an empty one for an unknown visitor.</param>
/// <param name="InterestHalfLifeMicros">Half-life of interest scores under which the state was folded.</param>
/// <param name="NowMicros">The time in microseconds since the epoch; read only where the use allows it.</param>
/// <param name="Call">The call; null outside of one.</param>
public readonly record struct Subject(ProfileState Profile, long InterestHalfLifeMicros, long NowMicros, CallFacts? Call = null);

/// <summary>What is known of the call that asks.</summary>
/// <param name="Channel">Its channel; empty where it named none.</param>
/// <param name="Context">Its context.</param>
public sealed record CallFacts(string Channel, IReadOnlyDictionary<string, Value> Context);
