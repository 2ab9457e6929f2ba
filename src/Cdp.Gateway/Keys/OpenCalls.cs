using Cdp.Domain.Tenants;
using Cdp.Rpc;
using Google.Rpc;

namespace Cdp.Gateway.Keys;

/// <summary>Looks again at who has a call open: it may last for days, and its key end meanwhile.</summary>
internal static class OpenCalls
{
    /// <summary>
    /// Ends a call whose key was revoked or expired since, whose secret was replaced, or whose tenant was deleted. A token holds
    /// for the call that it opened.
    /// </summary>
    /// <exception cref="RpcException">It has ended.</exception>
    public static void ThrowIfEnded(GatewayPorts ports, Caller caller)
    {
        if (!caller.IsToken && caller.EndsAt != Caller.Never && ports.NowMicros >= caller.EndsAt)
            throw Ended(TenantReasons.KeyExpired, "This API key, or this secret of it, has expired meanwhile. Open the call again with another.");

        // Another object only where something of the tenant was changed.
        if (ports.Definitions.Find(caller.Tenant) is not { } current || ReferenceEquals(current, caller.Definitions)) return;
        if (current.IsDeleted) throw TenantDeleted.ToException();
        if (caller.IsToken) return;
        if (current.Config.Keys.FirstOrDefault(stored => stored.Key.Id == caller.Key.Id) is not { Key.RevokedAt: null } known)
            throw Ended(TenantReasons.KeyRevoked, "This API key was revoked meanwhile. Make another with `cdp keys create`.");
        if (Authenticator.EndOf(known, caller.SecretHash.Span) is not { } end || ports.NowMicros >= end)
            throw Ended(TenantReasons.KeyExpired, "This secret was replaced by a rotation, and its time is over. Open the call again with the one that took its place.");
    }

    /// <summary>What a caller of a tenant that was deleted is told.</summary>
    public static RpcError TenantDeleted => new(Code.Unauthenticated, "The tenant of this API key was deleted. Use a key of another.") { Reason = TenantReasons.TenantDeleted };

    private static RpcException Ended(string reason, string message) => new RpcError(Code.Unauthenticated, message) { Reason = reason }.ToException();
}
