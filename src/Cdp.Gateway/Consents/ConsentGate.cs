using Cdp.Domain.Consent;
using Cdp.Gateway.Keys;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Consents;

/// <summary>Stops reads for what a customer does not allow.</summary>
internal sealed class ConsentGate(GatewayPorts ports, CustomerFinder finder)
{
    /// <summary>
    /// Asks whether what was read may be told. Asked after the read: what the customer withdrew before it is not told.
    /// </summary>
    /// <exception cref="RpcException">The customer does not allow the purpose.</exception>
    public async ValueTask RequireAsync(Caller caller, CustomerRef? customer, string purpose, bool newest, CancellationToken cancellationToken)
    {
        if (await AllowsAsync(caller, customer, purpose, newest, cancellationToken)) return;
        throw new RpcError(Code.PermissionDenied, $"The customer does not allow \"{purpose}\". Read for a purpose that is allowed; GetConsents names them.")
        {
            Reason = ConsentRules.MissingReason,
        }.ToException();
    }

    /// <summary>Whether what was read may be told; also of nobody.</summary>
    public async ValueTask<bool> AllowsAsync(Caller caller, CustomerRef? customer, string purpose, bool newest, CancellationToken cancellationToken) =>
        caller.Definitions.Rules.Find(purpose) is not { } rule
        || rule is { MayBeRefused: false, IsRestrictable: false }
        || await ReadAsync(caller, customer, newest, cancellationToken) is not { } reply
        || ConsentRules.Allows(reply.State, rule, string.Empty, ports.NowMicros);

    /// <summary>What a customer said; null where there is none.</summary>
    public ValueTask<ReadConsentsReply?> ReadAsync(Caller caller, CustomerRef? customer, bool newest, CancellationToken cancellationToken) => finder.CallAsync(
        caller, customer, "customer", static (customer, request, cancel) => customer.ReadConsents(request, cancel), new ReadConsentsRequest { Newest = newest },
        static r => (r.Standing, r.ForwardedTo), cancellationToken);
}
