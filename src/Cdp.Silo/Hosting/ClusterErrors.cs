using Cdp.Gateway;
using Cdp.Rpc;
using Google.Rpc;

namespace Cdp.Silo.Hosting;

/// <summary>What clients are told of errors of the cluster.</summary>
internal static class ClusterErrors
{
    /// <summary>The error for a client when another silo is lost or does not answer; null for anything else.</summary>
    public static RpcError? Translate(Exception error) => GatewayServices.Translate(error) ?? error switch
    {
        // The last: what a call meets that outlives the silo's own end.
        OrleansException or TimeoutException or ObjectDisposedException { ObjectName: nameof(IServiceProvider) } => new RpcError(
            Code.Unavailable, "The silo that has the answer was lost or does not answer, and another takes over. Send the call again; what it changed counts once.")
        {
            Reason = "SILO_UNAVAILABLE", RetryDelay = TimeSpan.FromSeconds(1),
        },
        _ => null,
    };
}
