using Cdp.Domain.Events;
using Cdp.Domain.Identity;
using Cdp.Gateway.Keys;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway;

/// <summary>Finds the customer grain that a request names, and follows where customers were merged into.</summary>
public sealed class CustomerFinder(GatewayPorts ports)
{
    /// <summary>Reason of <see cref="NotFound"/>, and of a result in a batch.</summary>
    public const string NotFoundReason = "CUSTOMER_NOT_FOUND";

    private const int MostForwards = 1_000;
    private const int MaxIdLength = 40;

    private readonly LinkSlots _links = new();

    /// <summary>How one customer call answered.</summary>
    /// <typeparam name="TReply">Type of the reply.</typeparam>
    public delegate (CustomerStanding Standing, string ForwardedTo) StandingOf<in TReply>(TReply reply);

    /// <summary>Calls the customer that a reference names, wherever it is now; null when there is none.</summary>
    public async ValueTask<TReply?> CallAsync<TReply>(
        Caller caller, CustomerRef? reference, string field, Func<ICustomer, ValueTask<TReply>> call, StandingOf<TReply> standingOf,
        CancellationToken cancellationToken)
        where TReply : class
    {
        var (key, link, cached) = await LocateAsync(caller, reference, field, cancellationToken);
        for (var forwards = 0; key is not null && forwards < MostForwards; forwards++)
        {
            var reply = await call(ports.Grains.Get<ICustomer>(key));
            var (standing, forwardedTo) = standingOf(reply);
            switch (standing)
            {
                case CustomerStanding.Here:
                    if (link is not null && forwards > 0) _links.Set(caller.Tenant, link, key);
                    return reply;
                case CustomerStanding.Forwarded:
                    key = CustomerKey(caller, forwardedTo);
                    break;
                default:
                    if (!cached) return null;
                    _links.Forget(caller.Tenant, link!);
                    cached = false;
                    key = await ReadLinkAsync(caller, link!, cancellationToken);
                    break;
            }
        }

        return null;
    }

    /// <summary>The same for calls of the identity, which need the customer's id.</summary>
    public async ValueTask<string?> IdOfAsync(Caller caller, CustomerRef? reference, string field, CancellationToken cancellationToken)
    {
        var (key, _, _) = await LocateAsync(caller, reference, field, cancellationToken);
        return key?[(key.IndexOf('/', StringComparison.Ordinal) + 1)..];
    }

    /// <summary>The identifier's key, or why there is none.</summary>
    /// <exception cref="RpcException">The identifier cannot be read.</exception>
    public static ResolvedIdentifier Resolve(Caller caller, Identifier? identifier, string field)
    {
        if (identifier is null) throw RpcError.InvalidField(field, "Name an identifier: a namespace and a value.", Reasons.IdentifierMissing).ToException();
        var resolved = caller.Identifiers.Resolve(identifier.Namespace, identifier.Value);
        if (resolved.IsUsable) return resolved;
        throw (resolved.Resolution.Outcome == IdentifierOutcome.Refused
            ? RpcError.InvalidField($"{field}.value", resolved.Resolution.Message, resolved.Resolution.Reason)
            : RpcError.InvalidField($"{field}.value", "This value stands for nobody and finds no customer. Give one that is the customer's own.", IdentifierReasons.Blocked)).ToException();
    }

    /// <summary>The error of a customer that does not exist.</summary>
    public static RpcException NotFound() =>
        new RpcError(Code.NotFound, "There is no such customer. An identifier is known once an event with it was applied: read with `after_token` to see events just published.")
        {
            Reason = NotFoundReason,
        }.ToException();

    private async ValueTask<(string? Key, string? Link, bool Cached)> LocateAsync(
        Caller caller, CustomerRef? reference, string field, CancellationToken cancellationToken)
    {
        switch (reference?.CustomerCase)
        {
            case CustomerRef.CustomerOneofCase.CustomerId:
                var id = reference.CustomerId;
                if (id.Length is 0 or > MaxIdLength || !id.All(char.IsAsciiLetterOrDigit))
                    throw RpcError.InvalidField($"{field}.customer_id", "Not a customer id of this server; they have at most 40 letters and digits.", "CUSTOMER_ID_INVALID").ToException();
                return (CustomerKey(caller, id), null, false);
            case CustomerRef.CustomerOneofCase.Identifier:
                var link = Resolve(caller, reference.Identifier, $"{field}.identifier").Key;
                return _links.Find(caller.Tenant, link) is { } known
                    ? (known, link, true)
                    : (await ReadLinkAsync(caller, link, cancellationToken), link, false);
            default:
                throw RpcError.InvalidField(field, "Name a customer by customer_id or identifier.", "CUSTOMER_MISSING").ToException();
        }
    }

    private async ValueTask<string?> ReadLinkAsync(Caller caller, string link, CancellationToken cancellationToken)
    {
        var reply = await ports.Grains.Get<IIdentityLink>($"{caller.Tenant}/{link}").Resolve(new ResolveLinkRequest(), cancellationToken);
        if (reply.Customer.Length == 0) return null;
        var key = CustomerKey(caller, reply.Customer);
        _links.Set(caller.Tenant, link, key);
        return key;
    }

    private static string CustomerKey(Caller caller, string id) => string.Concat(caller.Tenant, "/", id);
}
