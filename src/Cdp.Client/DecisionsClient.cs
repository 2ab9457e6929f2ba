using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Decisions</c>: what now, for this customer?</summary>
public sealed class DecisionsClient(RpcChannel channel)
{
    private readonly ClientMethod<PutActionRequest, PutActionResponse> _putAction = new(Service, "PutAction");
    private readonly ClientMethod<GetActionRequest, GetActionResponse> _getAction = new(Service, "GetAction");
    private readonly ClientMethod<ListActionsRequest, ListActionsResponse> _listActions = new(Service, "ListActions");
    private readonly ClientMethod<DeleteActionRequest, DeleteActionResponse> _deleteAction = new(Service, "DeleteAction");
    private readonly ClientMethod<PutPlacementRequest, PutPlacementResponse> _putPlacement = new(Service, "PutPlacement");
    private readonly ClientMethod<GetPlacementRequest, GetPlacementResponse> _getPlacement = new(Service, "GetPlacement");
    private readonly ClientMethod<ListPlacementsRequest, ListPlacementsResponse> _listPlacements = new(Service, "ListPlacements");
    private readonly ClientMethod<DecideRequest, DecideResponse> _decide = new(Service, "Decide");
    private readonly ClientMethod<RecordOutcomesRequest, RecordOutcomesResponse> _recordOutcomes = new(Service, "RecordOutcomes");
    private readonly ClientMethod<ExplainDecisionRequest, ExplainDecisionResponse> _explainDecision = new(Service, "ExplainDecision");
    private readonly ClientMethod<ListDecisionsRequest, ListDecisionsResponse> _listDecisions = new(Service, "ListDecisions");

    private static ServiceDescriptor Service => DecisionsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Decisions");

    /// <summary>Makes an action or changes it, or only checks it.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<PutActionResponse> PutActionAsync(PutActionRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_putAction, request, options, cancellationToken);

    /// <summary>Reads one action.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<GetActionResponse> GetActionAsync(GetActionRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_getAction, request, options, cancellationToken);

    /// <summary>Lists the actions, by id.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListActionsResponse> ListActionsAsync(ListActionsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listActions, request, options, cancellationToken);

    /// <summary>Removes an action.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<DeleteActionResponse> DeleteActionAsync(DeleteActionRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_deleteAction, request, options, cancellationToken);

    /// <summary>Makes a placement or changes it, or only checks it.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<PutPlacementResponse> PutPlacementAsync(PutPlacementRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_putPlacement, request, options, cancellationToken);

    /// <summary>Reads one placement.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<GetPlacementResponse> GetPlacementAsync(GetPlacementRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_getPlacement, request, options, cancellationToken);

    /// <summary>Lists the placements, by id.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListPlacementsResponse> ListPlacementsAsync(ListPlacementsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listPlacements, request, options, cancellationToken);

    /// <summary>Decides what a customer, or a visitor, is offered.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<DecideResponse> DecideAsync(DecideRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_decide, request, options, cancellationToken);

    /// <summary>Says what became of decisions.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<RecordOutcomesResponse> RecordOutcomesAsync(RecordOutcomesRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_recordOutcomes, request, options, cancellationToken);

    /// <summary>Replays a decision, and says what it was made of.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ExplainDecisionResponse> ExplainDecisionAsync(ExplainDecisionRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_explainDecision, request, options, cancellationToken);

    /// <summary>Lists the decisions of a customer, newest first.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<ListDecisionsResponse> ListDecisionsAsync(ListDecisionsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_listDecisions, request, options, cancellationToken);
}
