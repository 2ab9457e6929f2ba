using System.Globalization;
using Cdp.Rpc;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Keys;

/// <summary>What one key may ask for a second on this server.</summary>
internal sealed class KeyRate(Key key, TimeProvider time)
{
    private readonly RateLimit? _calls = key.RequestsPerSecond > 0 ? new(key.RequestsPerSecond, time) : null;
    private readonly RateLimit? _events = key.EventsPerSecond > 0 ? new(key.EventsPerSecond, time) : null;

    /// <summary>Takes one call; says how long to wait where it may not be made.</summary>
    public RpcError? TakeCall() => _calls?.Take(1) is { } wait ? Refused(wait, key.RequestsPerSecond, "calls", "The call did nothing.") : null;

    /// <summary>Takes events; says how long to wait where they may not be published.</summary>
    public RpcError? TakeEvents(int count) =>
        count > 0 && _events?.Take(count) is { } wait ? Refused(wait, key.EventsPerSecond, "events", "Nothing of the batch was taken in.") : null;

    private static RpcError Refused(TimeSpan wait, int rate, string what, string effect) => new(
        Code.ResourceExhausted,
        string.Create(CultureInfo.InvariantCulture, $"This key is limited to {rate:N0} {what} a second. {effect} Wait as long as RetryInfo says and send it again, or ask for a key with a higher limit."))
    {
        Reason = "RATE_LIMITED", RetryDelay = wait,
    };
}

/// <summary>
/// A bucket that holds a second's worth and fills evenly, kept as one number: until when what was taken has used up the time
/// (the generic cell rate algorithm of ITU-T I.371).
/// </summary>
internal sealed class RateLimit(int perSecond, TimeProvider time)
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    private long _usedUntil = long.MinValue;

    /// <summary>
    /// Takes so many. More than a second's worth is given out of a full bucket, and made up for before anything else is.
    /// </summary>
    /// <returns>How long to wait where they were not given, and nothing was taken; else null.</returns>
    public TimeSpan? Take(int count)
    {
        var second = time.TimestampFrequency;
        var cost = count * second / perSecond;
        while (true)
        {
            var now = time.GetTimestamp();
            var before = Volatile.Read(ref _usedUntil);
            var start = Math.Max(before, now);
            var wait = start - now + Math.Min(cost, second) - second;
            if (wait > 0) return time.GetElapsedTime(0, wait) is var span && span > ShortestWait ? span : ShortestWait;
            if (Interlocked.CompareExchange(ref _usedUntil, start + cost, before) == before) return null;
        }
    }
}
