using Cdp.Grains.Ports;
using Cdp.Rpc;
using Google.Rpc;

namespace Cdp.Gateway;

/// <summary>What a client is told of errors of the store.</summary>
internal static class StoreErrors
{
    /// <summary>Whether the store has no room left.</summary>
    public static bool IsFull(Exception error) => error is IStoreFailure { IsFull: true };

    /// <summary>The error of a full disk.</summary>
    public static RpcError Full() => new(Code.Unavailable, "The server's disk is full. Keep what you sent and send it again: what was taken in of it counts once, and the server goes on by itself when there is room.")
    {
        Reason = "STORE_FULL", RetryDelay = TimeSpan.FromSeconds(5),
    };
}
