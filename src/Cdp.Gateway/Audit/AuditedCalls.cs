using Cdp.Gateway.Keys;
using Cdp.Rpc;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Audit;

/// <summary>Handlers of acts, which are written down before they are done.</summary>
internal sealed class AuditedCalls(GatewayPorts ports, AuditTrail trail, CustomerFinder finder)
{
    private const string Package = "cdp.v1.";

    /// <summary>A handler that notes what it is about to do.</summary>
    /// <param name="handler">Does it.</param>
    /// <param name="subject">What it is done to; null: this request does nothing.</param>
    /// <param name="tenant">The tenant that a request names; only the operator's key may name another than its own.</param>
    public UnaryHandler<TRequest, TReply> Act<TRequest, TReply>(UnaryHandler<TRequest, TReply> handler, Func<TRequest, string?> subject, Func<TRequest, string>? tenant = null)
        where TRequest : class, IMessage<TRequest> => async (request, context) =>
    {
        var caller = Authenticator.CallerOf(context);
        if (subject(request) is not { } what) return await handler(request, context);
        var named = tenant?.Invoke(request) ?? string.Empty;
        return await ActAsync(caller, await TenantOfAsync(caller, named, context.CancellationToken), what, context, () => handler(request, context));
    };

    /// <summary>The same of what is done to a customer.</summary>
    public UnaryHandler<TRequest, TReply> ActOn<TRequest, TReply>(UnaryHandler<TRequest, TReply> handler, Func<TRequest, CustomerRef?> customer)
        where TRequest : class, IMessage<TRequest> => async (request, context) =>
    {
        var caller = Authenticator.CallerOf(context);
        var id = await IdOfAsync(caller, customer(request), context.CancellationToken);
        return await ActAsync(caller, caller.Tenant, id, context, () => handler(request, context));
    };

    /// <summary>The same of what is answered by a stream.</summary>
    public ServerStreamingHandler<TRequest, TReply> ActOn<TRequest, TReply>(ServerStreamingHandler<TRequest, TReply> handler, Func<TRequest, CustomerRef?> customer)
        where TRequest : class, IMessage<TRequest> => async (request, replies, context) =>
    {
        var caller = Authenticator.CallerOf(context);
        var id = await IdOfAsync(caller, customer(request), context.CancellationToken);
        await ActAsync(caller, caller.Tenant, id, context, async () =>
        {
            await handler(request, replies, context);
            return true;
        });
    };

    /// <summary>A handler whose answer is noted to be told.</summary>
    /// <param name="handler">Finds it.</param>
    /// <param name="subject">Whom it tells of.</param>
    /// <param name="purpose">What it is read for, as the request says; empty: the usual of the key. Null: it is read for no purpose.</param>
    /// <param name="fields">What it tells.</param>
    public UnaryHandler<TRequest, TReply> Read<TRequest, TReply>(
        UnaryHandler<TRequest, TReply> handler, Func<TRequest, TReply, string> subject, Func<TRequest, string>? purpose = null, string fields = "")
        where TRequest : class, IMessage<TRequest> => async (request, context) =>
    {
        var reply = await handler(request, context);
        Note(context, subject(request, reply), purpose?.Invoke(request), fields);
        return reply;
    };

    /// <summary>The same of what is known by its request alone.</summary>
    public UnaryHandler<TRequest, TReply> ReadOf<TRequest, TReply>(
        UnaryHandler<TRequest, TReply> handler, Func<TRequest, CustomerRef?> customer, Func<TRequest, string> purpose, string fields)
        where TRequest : class, IMessage<TRequest> => async (request, context) =>
    {
        var reply = await handler(request, context);
        Note(context, finder.KnownId(Authenticator.CallerOf(context), customer(request)), purpose(request), fields);
        return reply;
    };

    /// <summary>The same of what is answered by a stream, which is noted when it begins.</summary>
    public ServerStreamingHandler<TRequest, TReply> Read<TRequest, TReply>(ServerStreamingHandler<TRequest, TReply> handler, Func<TRequest, string> purpose, string fields)
        where TRequest : class, IMessage<TRequest> => (request, replies, context) =>
    {
        Note(context, string.Empty, purpose(request), fields);
        return handler(request, replies, context);
    };

    private void Note(ServerCallContext context, string subject, string? purpose, string fields)
    {
        var caller = Authenticator.CallerOf(context);
        trail.Read(caller, MethodOf(context), subject, purpose is "" ? caller.Key.DefaultPurpose : purpose ?? string.Empty, fields);
    }

    /// <summary>Service and method, e.g. "Admin/PutTenant".</summary>
    private static string MethodOf(ServerCallContext context) => context.Method[(context.Method.IndexOf(Package, StringComparison.Ordinal) + Package.Length)..];

    private async ValueTask<TReply> ActAsync<TReply>(Caller caller, string tenant, string subject, ServerCallContext context, Func<ValueTask<TReply>> act)
    {
        var method = MethodOf(context);
        await trail.ActAsync(caller, tenant, method, subject, context.CancellationToken);
        try
        {
            return await act();
        }
        catch (RpcException e)
        {
            trail.Failed(caller, tenant, method, subject, e.Error.Reason ?? e.Error.Code.ToString());
            throw;
        }
    }

    /// <summary>The tenant whose log an act belongs to: one that exists and that the caller may work on, else its own.</summary>
    private async ValueTask<string> TenantOfAsync(Caller caller, string named, CancellationToken cancellationToken) =>
        named.Length > 0 && caller.IsOperator && await ports.Definitions.GetAsync(named, cancellationToken) is { IsDeleted: false } ? named : caller.Tenant;

    /// <summary>The customer's id; of one that cannot be found, nothing: what an identifier says is not written down.</summary>
    private async ValueTask<string> IdOfAsync(Caller caller, CustomerRef? customer, CancellationToken cancellationToken)
    {
        try
        {
            return await finder.IdOfAsync(caller, customer, "customer", cancellationToken) ?? string.Empty;
        }
        catch (RpcException)
        {
            // The handler says what is wrong.
            return string.Empty;
        }
    }
}
