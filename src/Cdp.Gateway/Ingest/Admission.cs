using Cdp.Gateway.Keys;
using Cdp.Rpc;
using Google.Rpc;

namespace Cdp.Gateway.Ingest;

/// <summary>Bounds what a tenant may have in the log that is not applied yet.</summary>
internal static class Admission
{
    /// <summary>Whether a tenant may append to a partition now.</summary>
    /// <exception cref="RpcException">It has to wait; the error says how long.</exception>
    public static void Check(GatewayPorts ports, Caller caller, int partition)
    {
        if (ports.Log.Admit(caller.Tenant, partition) is not { Ticks: > 0 } delay) return;
        throw new RpcError(
            Code.ResourceExhausted,
            "Too many of your events are accepted but not applied yet. Wait as long as RetryInfo says and send the batch again; nothing of it was taken in.")
        {
            Reason = "BACKLOG_FULL", RetryDelay = delay,
        }.ToException();
    }
}
