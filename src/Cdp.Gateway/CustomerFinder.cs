using Cdp.Domain.Events;
using Cdp.Domain.Identity;
using Cdp.Gateway.Keys;
using Cdp.Grains;
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

    private readonly CustomerRoutes _routes = new();

    /// <summary>How one customer call answered.</summary>
    /// <typeparam name="TReply">Type of the reply.</typeparam>
    public delegate (CustomerStanding Standing, string ForwardedTo) StandingOf<in TReply>(TReply reply);

    /// <summary>One call of a customer.</summary>
    /// <typeparam name="TRequest">Type of the request.</typeparam>
    /// <typeparam name="TReply">Type of the reply.</typeparam>
    public delegate ValueTask<TReply> CustomerCall<in TRequest, TReply>(ICustomer customer, TRequest request, CancellationToken cancellationToken);

    /// <summary>Calls the customer that a reference names, wherever it is now; null when there is none.</summary>
    public ValueTask<TReply?> CallAsync<TRequest, TReply>(
        Caller caller, CustomerRef? reference, string field, CustomerCall<TRequest, TReply> call, TRequest request, StandingOf<TReply> standingOf,
        CancellationToken cancellationToken)
        where TReply : class
    {
        // Most calls are of a known, live customer and end here, without an asynchronous step.
        if (reference?.Identifier is not { } identifier || _routes.Find(caller.Identifiers, identifier) is not { } route)
            return SearchAsync(caller, reference, field, call, request, standingOf, cancellationToken);
        var calling = call(route.Customer, request, cancellationToken);
        if (!calling.IsCompletedSuccessfully) return FollowAsync(caller, route, calling, call, request, standingOf, cancellationToken);
#pragma warning disable VSTHRD103 // Not a wait: it says that it completed.
        var reply = calling.Result;
#pragma warning restore VSTHRD103
        return standingOf(reply).Standing == CustomerStanding.Here
            ? new(reply)
            : FollowAsync(caller, route, new ValueTask<TReply>(reply), call, request, standingOf, cancellationToken);
    }

    /// <summary>The same for calls of the identity, which need the customer's id.</summary>
    public async ValueTask<string?> IdOfAsync(Caller caller, CustomerRef? reference, string field, CancellationToken cancellationToken) =>
        reference?.Identifier is { } identifier
            ? (await RouteAsync(caller, identifier, field, cancellationToken))?.CustomerId
            : NamedId(reference, field);

    /// <summary>The id of a customer that was called just before; empty: its place changed since.</summary>
    public string KnownId(Caller caller, CustomerRef? reference) =>
        reference?.Identifier is { } identifier ? _routes.Find(caller.Identifiers, identifier)?.CustomerId ?? string.Empty : reference?.CustomerId ?? string.Empty;

    /// <summary>Whether an identifier, as it was sent, led to a customer before.</summary>
    public bool Knows(Caller caller, Identifier identifier) => _routes.Find(caller.Identifiers, identifier) is not null;

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

    /// <summary>Refuses a text that cannot be a customer's id.</summary>
    /// <exception cref="RpcException">It cannot.</exception>
    public static void RequireId(string id, string field)
    {
        if (id.Length is > 0 and <= MaxIdLength && id.All(char.IsAsciiLetterOrDigit)) return;
        throw RpcError.InvalidField(field, "Not a customer id of this server; they have at most 40 letters and digits.", "CUSTOMER_ID_INVALID").ToException();
    }

    /// <summary>The error of a customer that does not exist.</summary>
    public static RpcException NotFound() =>
        new RpcError(Code.NotFound, "There is no such customer. An identifier is known once an event with it was applied: read with `after_token` to see events just published.")
        {
            Reason = NotFoundReason,
        }.ToException();

    private async ValueTask<TReply?> SearchAsync<TRequest, TReply>(
        Caller caller, CustomerRef? reference, string field, CustomerCall<TRequest, TReply> call, TRequest request, StandingOf<TReply> standingOf,
        CancellationToken cancellationToken)
        where TReply : class
    {
        if (reference?.Identifier is null)
            return (await ForwardedAsync(caller, CustomerOf(caller, NamedId(reference, field)), call, request, standingOf, cancellationToken)).Reply;
        if (await RouteAsync(caller, reference.Identifier, field, cancellationToken) is not { } route) return null;
        return await FollowAsync(caller, route, call(route.Customer, request, cancellationToken), call, request, standingOf, cancellationToken);
    }

    /// <summary>Follows a route whose customer was called; one that is out of date is put right.</summary>
    private async ValueTask<TReply?> FollowAsync<TRequest, TReply>(
        Caller caller, CustomerRoute route, ValueTask<TReply> calling, CustomerCall<TRequest, TReply> call, TRequest request,
        StandingOf<TReply> standingOf, CancellationToken cancellationToken)
        where TReply : class
    {
        var fresh = false;
        for (var overtaken = 0; ;)
        {
            TReply reply;
            try
            {
                reply = await calling;
            }
            catch (OwnershipLostException) when (overtaken++ < Overtaken.MostTimes)
            {
                calling = call(route.Customer, request, cancellationToken);
                continue;
            }

            var (standing, forwardedTo) = standingOf(reply);
            if (standing == CustomerStanding.Here) return reply;
            if (standing == CustomerStanding.Forwarded)
            {
                var (found, id) = await ForwardedAsync(caller, CustomerOf(caller, forwardedTo), call, request, standingOf, cancellationToken);
                if (found is not null)
                {
                    _routes.Set(route with { CustomerId = id, Customer = CustomerOf(caller, id).Grain });
                    return found;
                }
            }

            // Nobody is there any more: what the link says now decides, once.
            _routes.Forget(route);
            if (fresh || await ReadLinkAsync(caller, new Identifier { Namespace = route.Namespace, Value = route.Value }, cancellationToken) is not { } next) return null;
            fresh = true;
            route = next;
            calling = call(route.Customer, request, cancellationToken);
        }
    }

    /// <summary>Calls a customer and those it was merged into; null when there is none.</summary>
    private async ValueTask<(TReply? Reply, string Id)> ForwardedAsync<TRequest, TReply>(
        Caller caller, (ICustomer Grain, string Id) customer, CustomerCall<TRequest, TReply> call, TRequest request, StandingOf<TReply> standingOf,
        CancellationToken cancellationToken)
        where TReply : class
    {
        for (var forwards = 0; forwards < MostForwards; forwards++)
        {
            var reply = await Overtaken.AgainAsync((request, cancellationToken) => call(customer.Grain, request, cancellationToken), request, cancellationToken);
            var (standing, forwardedTo) = standingOf(reply);
            if (standing == CustomerStanding.Here) return (reply, customer.Id);
            if (standing != CustomerStanding.Forwarded) break;
            customer = CustomerOf(caller, forwardedTo);
        }

        return (null, "");
    }

    private static string NamedId(CustomerRef? reference, string field)
    {
        if (reference is not { HasCustomerId: true })
            throw RpcError.InvalidField(field, "Name a customer by customer_id or identifier.", "CUSTOMER_MISSING").ToException();
        var id = reference.CustomerId;
        RequireId(id, $"{field}.customer_id");
        return id;
    }

    private async ValueTask<CustomerRoute?> RouteAsync(Caller caller, Identifier identifier, string field, CancellationToken cancellationToken)
    {
        if (_routes.Find(caller.Identifiers, identifier) is { } known) return known;
        Resolve(caller, identifier, $"{field}.identifier");
        return await ReadLinkAsync(caller, identifier, cancellationToken);
    }

    private async ValueTask<CustomerRoute?> ReadLinkAsync(Caller caller, Identifier identifier, CancellationToken cancellationToken)
    {
        var link = caller.Identifiers.Resolve(identifier.Namespace, identifier.Value).Key;
        var reply = await ports.Grains.Get<IIdentityLink>($"{caller.Tenant}/{link}").Resolve(new ResolveLinkRequest(), cancellationToken);
        if (reply.Customer.Length == 0) return null;
        var route = new CustomerRoute(caller.Identifiers, identifier.Namespace, identifier.Value, reply.Customer, CustomerOf(caller, reply.Customer).Grain);
        _routes.Set(route);
        return route;
    }

    private (ICustomer Grain, string Id) CustomerOf(Caller caller, string id) =>
        (ports.Grains.Get<ICustomer>(string.Concat(caller.Tenant, "/", id)), id);
}
