using Cdp.Domain.Decisions;
using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Admin;
using Cdp.Gateway.Keys;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Decisions;

/// <summary>What can be offered, and where.</summary>
internal sealed class ActionCatalog(GatewayPorts ports, TenantEditor tenants)
{
    private const int DefaultPage = 100;

    /// <summary>Makes an action, changes it, or only checks it.</summary>
    public async ValueTask<PutActionResponse> PutActionAsync(PutActionRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var action = request.Action ?? throw RpcError.InvalidField("action", "Give an action.", TenantReasons.FieldInvalid).ToException();
        var config = await PutAsync(caller, new ChangeTenantRequest { PutAction = action }, request.ValidateOnly, context.CancellationToken);
        return new PutActionResponse { Action = config.Actions.First(stored => stored.Action.Id == action.Id).Action };
    }

    /// <summary>Reads an action.</summary>
    public static ValueTask<GetActionResponse> GetActionAsync(GetActionRequest request, ServerCallContext context)
    {
        var action = Authenticator.CallerOf(context).Definitions.Actions.FindAction(request.Id)
            ?? throw new RpcError(Code.NotFound, "id: There is no such action; ListActions names them, PutAction makes one.") { Reason = TenantReasons.ActionUnknown }.ToException();
        return new(new GetActionResponse { Action = action.Definition, Problem = action.Problem });
    }

    /// <summary>Lists actions.</summary>
    public static ValueTask<ListActionsResponse> ListActionsAsync(ListActionsRequest request, ServerCallContext context)
    {
        var all = Authenticator.CallerOf(context).Definitions.Actions.Actions.Select(action => action.Definition);
        var (page, next) = PageOf(all, action => action.Id, request.PageSize, request.PageToken);
        return new(new ListActionsResponse { Actions = { page }, NextPageToken = next });
    }

    /// <summary>Removes an action.</summary>
    public async ValueTask<DeleteActionResponse> DeleteActionAsync(DeleteActionRequest request, ServerCallContext context)
    {
        await tenants.ChangeAsync(Authenticator.CallerOf(context).Tenant, new ChangeTenantRequest { DeleteAction = request }, context.CancellationToken);
        return new DeleteActionResponse();
    }

    /// <summary>Makes a placement, changes it, or only checks it.</summary>
    public async ValueTask<PutPlacementResponse> PutPlacementAsync(PutPlacementRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var placement = request.Placement ?? throw RpcError.InvalidField("placement", "Give a placement.", TenantReasons.FieldInvalid).ToException();
        var config = await PutAsync(caller, new ChangeTenantRequest { PutPlacement = placement }, request.ValidateOnly, context.CancellationToken);
        return new PutPlacementResponse { Placement = config.Placements.First(stored => stored.Placement.Id == placement.Id).Placement };
    }

    /// <summary>Reads a placement.</summary>
    public static ValueTask<GetPlacementResponse> GetPlacementAsync(GetPlacementRequest request, ServerCallContext context) =>
        new(new GetPlacementResponse { Placement = Find(Authenticator.CallerOf(context), request.Id, "id").Definition });

    /// <summary>Lists placements.</summary>
    public static ValueTask<ListPlacementsResponse> ListPlacementsAsync(ListPlacementsRequest request, ServerCallContext context)
    {
        var all = Authenticator.CallerOf(context).Definitions.Actions.Placements.Select(placement => placement.Definition);
        var (page, next) = PageOf(all, placement => placement.Id, request.PageSize, request.PageToken);
        return new(new ListPlacementsResponse { Placements = { page }, NextPageToken = next });
    }

    /// <summary>The placement of an id.</summary>
    /// <exception cref="RpcException">There is none.</exception>
    public static CompiledPlacement Find(Caller caller, string id, string field) =>
        caller.Definitions.Actions.FindPlacement(id)
        ?? throw new RpcError(Code.NotFound, $"{field}: There is no such placement; ListPlacements names them, PutPlacement makes one.") { Reason = TenantReasons.PlacementUnknown }.ToException();

    private async ValueTask<TenantConfig> PutAsync(Caller caller, ChangeTenantRequest change, bool validateOnly, CancellationToken cancellationToken)
    {
        if (!validateOnly) return await tenants.ChangeAsync(caller.Tenant, change, cancellationToken);
        var (config, refusal) = TenantChanges.Apply(caller.Definitions.Config, caller.Tenant, change, ports.NowMicros);
        return config ?? throw TenantEditor.Refused(refusal!);
    }

    /// <summary>One page of what is sorted by id.</summary>
    private static (IEnumerable<T> Page, string Next) PageOf<T>(IEnumerable<T> all, Func<T, string> idOf, int pageSize, string token)
    {
        var size = Pages.SizeOf(pageSize, DefaultPage, token.Length == 0 || IdentifierNormalizer.IsNamespace(token));
        var left = all.Where(item => string.CompareOrdinal(idOf(item), token) > 0).Take(size + 1).ToList();
        return left.Count > size ? (left.Take(size), idOf(left[size - 1])) : (left, string.Empty);
    }
}
