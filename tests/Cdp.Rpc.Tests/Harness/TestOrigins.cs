using System.Collections.Concurrent;
using Google.Rpc;

namespace Cdp.Rpc.Tests.Harness;

/// <summary>Keys that allow an origin each: the key is what stands behind "Bearer", "nobody" is none.</summary>
internal sealed class TestOrigins : IOriginPolicy
{
    /// <summary>The key that allows an origin.</summary>
    public ConcurrentDictionary<string, string> Allowed { get; } = new(StringComparer.Ordinal);

    /// <summary>Thrown by the next question; null: none.</summary>
    public Exception? Failure { get; set; }

    public static ValueTask<RpcError?> GateAsync(ServerCallContext context)
    {
        var key = context.GetHeader("authorization")?.Split(' ')[^1];
        if (key is null or "nobody") return new(new RpcError(Code.Unauthenticated, "Send a key.") { Reason = "KEY_MISSING" });
        context.UserState = key;
        return default;
    }

    public ValueTask<bool> MayCallAsync(string origin, CancellationToken cancellationToken) => Failure is null ? new(Allowed.ContainsKey(origin)) : throw Failure;

    public bool MayRead(string origin, ServerCallContext call) => call.UserState is string key && Allowed.TryGetValue(origin, out var allowing) && allowing == key;
}
