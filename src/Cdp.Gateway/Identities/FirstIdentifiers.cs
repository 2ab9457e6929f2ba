using Cdp.Gateway.Keys;
using Cdp.Grains.Identities;
using Cdp.Rpc;
using Cdp.V1;

namespace Cdp.Gateway.Identities;

/// <summary>Finds an identifier by which an event about a customer reaches it, however the customer is named.</summary>
internal sealed class FirstIdentifiers(GatewayPorts ports, CustomerFinder finder)
{
    /// <summary>The identifier that was named, or the first by which the customer is known.</summary>
    /// <exception cref="RpcException">There is no such customer, or the identifier cannot be read.</exception>
    public async ValueTask<Identifier> OfAsync(Caller caller, CustomerRef? customer, CancellationToken cancellationToken)
    {
        if (customer?.Identifier is { } named)
        {
            CustomerFinder.Resolve(caller, named, "customer.identifier");
            return named;
        }

        var id = await finder.IdOfAsync(caller, customer, "customer", cancellationToken) ?? throw CustomerFinder.NotFound();
        await foreach (var fact in IdentityFacts.AllAsync(ports.Grains.Get<IIdentity>(caller.Tenant), id, newest: true, cancellationToken))
        {
            if ((fact.Minted?.Identifier ?? fact.Linked?.Identifier) is { Value.Length: > 0 } identifier) return identifier;
        }

        throw CustomerFinder.NotFound();
    }
}
