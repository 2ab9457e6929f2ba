using Cdp.V1;
using Google.Protobuf;
using Action = Cdp.V1.Action;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>How one method is asked for the victim's data.</summary>
/// <param name="Method">Service and method.</param>
/// <param name="Needs">The role without which it is refused.</param>
/// <param name="Requests">Requests that name what is the victim's; the first needs no other role.</param>
internal sealed record Attempt(string Method, Role Needs, Func<Victim, IMessage[]> Requests)
{
    /// <summary>Whether even an admin of the victim's may not, and the operator may.</summary>
    public bool IsOperators { get; init; }

    /// <summary>Whether its answer tells what the victim has.</summary>
    public bool Shows { get; init; }

    /// <summary>Whether a part of its answer changes by itself: how far a backfill is.</summary>
    public bool Moves { get; init; }

    /// <summary>Whether its answer repeats what its caller said before, so that strangers have to be asked before they say anything.</summary>
    public bool Repeats { get; init; }

    /// <summary>Whether it takes away what others need.</summary>
    public bool Destroys { get; init; }

    /// <summary>When the server ends the call, as gRPC spells it: a second, e.g. "1S", where it has no end of its own.</summary>
    public string Timeout { get; init; } = "60S";
}

/// <summary>All methods. A new one needs a line here, and the isolation tests fail until it has it.</summary>
internal static class Attempts
{
    public static IReadOnlyList<Attempt> All { get; } =
    [
        new("Audits/ReadAuditBlocks", Role.Admin, v => [new ReadAuditBlocksRequest()]) { Repeats = true },
        new("Audits/ListAuditRecords", Role.Admin, v => [new ListAuditRecordsRequest { Subject = v.CustomerId }]) { Shows = true, Moves = true },
        new("Ingest/PublishEvents", Role.Writer, v => [new PublishEventsRequest { Events = { Victim.Naming(Victim.EventId), Victim.Naming("new") } }]),
        new("Ingest/StreamEvents", Role.Writer, v => [new StreamEventsRequest { Sequence = 1, Events = { Victim.Naming(Victim.EventId) } }]),
        new("Interactions/Exchange", Role.Writer, v =>
        [
            new ExchangeRequest { Events = { Victim.Naming(Victim.EventId) } },
            new ExchangeRequest { CustomerId = v.CustomerId, Profile = new ExchangeProfile { Fields = { "traits.*", "identifiers.*" } }, AfterToken = v.Token },
            new ExchangeRequest { Identifiers = { Victim.CardIdentifier }, Placements = { new ExchangePlacement { Placement = Victim.PlacementId } }, Profile = new ExchangeProfile() },
        ]),
        new("Profiles/GetProfile", Role.Reader, v =>
        [
            new GetProfileRequest { Customer = v.ById, AfterToken = v.Token },
            new GetProfileRequest { Customer = Victim.ByCard, Fields = { "traits.*", "identifiers.*", "recent_events", "products" } },
        ]) { Shows = true },
        new("Profiles/BatchGetProfiles", Role.Reader, v => [new BatchGetProfilesRequest { Customers = { v.ById, Victim.ByCard } }]) { Shows = true },
        new("Profiles/ListEvents", Role.Reader, v =>
        [
            new ListEventsRequest { Customer = v.ById }, new ListEventsRequest { Customer = Victim.ByCard }, new ListEventsRequest { Customer = v.ById, PageSize = 1, PageToken = v.EventPage },
        ]) { Shows = true },
        new("Identities/ResolveIdentifier", Role.Reader, v => [new ResolveIdentifierRequest { Identifier = Victim.CardIdentifier, AfterToken = v.Token }]) { Shows = true },
        new("Identities/DescribeIdentity", Role.Reader, v =>
        [
            new DescribeIdentityRequest { Customer = v.ById }, new DescribeIdentityRequest { Customer = Victim.ByCard }, new DescribeIdentityRequest { Customer = v.ById, PageSize = 1, PageToken = v.FactPage },
        ]) { Shows = true },
        new("Identities/LinkIdentifiers", Role.Writer, v => [new LinkIdentifiersRequest { Identifiers = { Victim.CardIdentifier, new Identifier { Namespace = "email", Value = Victim.Email } } }]),
        new("Identities/PutNamespace", Role.Admin, v => [new PutNamespaceRequest { Namespace = new Namespace { Name = Victim.Card, Kind = NamespaceKind.Person } }]),
        new("Identities/ListNamespaces", Role.Reader, v => [new ListNamespacesRequest()]) { Shows = true },
        new("Consents/RecordConsent", Role.Writer, v => [new RecordConsentRequest { Customer = Victim.ByCard, Acts = { new ConsentAct { Purpose = "service", Granted = true } } }]),
        new("Consents/GetConsents", Role.Reader, v => [new GetConsentsRequest { Customer = v.ById }, new GetConsentsRequest { Customer = Victim.ByCard }]) { Shows = true },
        new("Events/TraceEvent", Role.Reader, v =>
        [
            new TraceEventRequest { EventId = Victim.EventId, Source = Victim.Source, WithContent = true },
            new TraceEventRequest { EventId = Victim.EventId, Source = Victim.Source, Identifier = Victim.CardIdentifier },
            new TraceEventRequest { EventId = Victim.EventId, Source = Victim.Source, Token = v.Token },
            new TraceEventRequest { EventId = Victim.RefusedId, Source = Victim.Source },
        ]) { Shows = true },
        new("Events/TailEvents", Role.Reader, v => [new TailEventsRequest { Source = Victim.Source, WithContent = true }]) { Timeout = "1S" },
        new("Events/ListDeadLetters", Role.Admin, v => [new ListDeadLettersRequest { WithContent = true }, new ListDeadLettersRequest { Source = Victim.Source }]) { Shows = true },
        new("Events/RetryDeadLetters", Role.Admin, v => [new RetryDeadLettersRequest { Retries = { new DeadLetterRetry { Id = v.DeadLetterId } } }]),
        new("Events/ListSchemaViolations", Role.Reader, v => [new ListSchemaViolationsRequest(), new ListSchemaViolationsRequest { Source = Victim.Source }]) { Shows = true },
        new("Segments/PutSegment", Role.Admin, v => [new PutSegmentRequest { Segment = new Segment { Id = Victim.SegmentId, Expression = "orders.count > 0" }, ValidateOnly = true }]),
        new("Segments/GetSegment", Role.Reader, v => [new GetSegmentRequest { Id = Victim.SegmentId }]) { Shows = true, Moves = true },
        new("Segments/ListSegments", Role.Reader, v => [new ListSegmentsRequest()]) { Shows = true },
        new("Segments/ListMembers", Role.Reader, v =>
        [
            new ListMembersRequest { Segment = Victim.SegmentId, AfterToken = v.Token }, new ListMembersRequest { Segment = Victim.SegmentId, PageSize = 1, PageToken = v.MemberPage },
        ]) { Shows = true },
        new("Segments/CountMembers", Role.Reader, v => [new CountMembersRequest { Segment = Victim.SegmentId }]) { Shows = true, Moves = true },
        new("Segments/ListMemberships", Role.Reader, v => [new ListMembershipsRequest { Customer = v.ById }, new ListMembershipsRequest { Customer = Victim.ByCard }]) { Shows = true },
        new("Segments/ExplainMembership", Role.Reader, v => [new ExplainMembershipRequest { Customer = v.ById, Segment = Victim.SegmentId }]) { Shows = true },
        new("Decisions/PutAction", Role.Admin, v => [new PutActionRequest { Action = new Action { Id = Victim.ActionId }, ValidateOnly = true }]),
        new("Decisions/GetAction", Role.Reader, v => [new GetActionRequest { Id = Victim.ActionId }]) { Shows = true },
        new("Decisions/ListActions", Role.Reader, v => [new ListActionsRequest()]) { Shows = true },
        new("Decisions/PutPlacement", Role.Admin, v => [new PutPlacementRequest { Placement = new Placement { Id = Victim.PlacementId, Channel = "web" }, ValidateOnly = true }]),
        new("Decisions/GetPlacement", Role.Reader, v => [new GetPlacementRequest { Id = Victim.PlacementId }]) { Shows = true },
        new("Decisions/ListPlacements", Role.Reader, v => [new ListPlacementsRequest()]) { Shows = true },
        new("Decisions/Decide", Role.Decider, v =>
        [
            new DecideRequest { Placement = Victim.PlacementId, CustomerId = v.CustomerId, AfterToken = v.Token }, new DecideRequest { Placement = Victim.PlacementId, Identifiers = { Victim.CardIdentifier } },
        ]),
        new("Decisions/RecordOutcomes", Role.Decider, v =>
            [new RecordOutcomesRequest { Outcomes = { new Outcome { Id = Victim.OutcomeId, DecisionId = v.DecisionId, ActionId = Victim.ActionId, Kind = OutcomeKind.Shown } } }]),
        new("Decisions/ExplainDecision", Role.Decider, v => [new ExplainDecisionRequest { DecisionId = v.DecisionId }]) { Shows = true },
        new("Decisions/ListDecisions", Role.Decider, v => [new ListDecisionsRequest { Customer = v.ById }, new ListDecisionsRequest { Customer = Victim.ByCard }]) { Shows = true },
        new("Privacy/GetErasureReceipt", Role.Admin, v => [new GetErasureReceiptRequest { Id = v.ReceiptId }]) { Shows = true },
        new("Privacy/ExportCustomer", Role.Admin, v => [new ExportCustomerRequest { Customer = v.ById }, new ExportCustomerRequest { Customer = Victim.ByCard, AfterToken = v.Token }]) { Shows = true },
        new("Privacy/RestrictCustomer", Role.Admin, v => [new RestrictCustomerRequest { Customer = v.ById }, new RestrictCustomerRequest { Customer = Victim.ByCard }]),
        new("Admin/PutTenant", Role.Admin, v => [new PutTenantRequest { Tenant = new Tenant { Id = Victim.Tenant } }]),
        new("Admin/GetTenant", Role.Admin, v => [new GetTenantRequest()]) { Shows = true },
        new("Admin/ListTenants", Role.Admin, v => [new ListTenantsRequest()]) { IsOperators = true },
        new("Admin/CreateKey", Role.Admin, v => [new CreateKeyRequest { TenantId = Victim.Tenant, Roles = { Role.Reader } }]),
        new("Admin/ListKeys", Role.Admin, v => [new ListKeysRequest { TenantId = Victim.Tenant }, new ListKeysRequest()]) { Shows = true },
        new("Admin/RotateKey", Role.Admin, v => [new RotateKeyRequest { KeyId = v.SpareKey }, new RotateKeyRequest { KeyId = v.SpareKey, TenantId = Victim.Tenant }]),
        new("Admin/PutEventType", Role.Admin, v => [new PutEventTypeRequest { EventType = new EventType { Name = Victim.EventType, Role = EventRole.Order } }]),
        new("Admin/ListEventTypes", Role.Admin, v => [new ListEventTypesRequest()]) { Shows = true },
        new("Admin/PutPurpose", Role.Admin, v => [new PutPurposeRequest { Purpose = new Purpose { Id = Victim.Purpose } }]),
        new("Admin/ListPurposes", Role.Admin, v => [new ListPurposesRequest()]) { Shows = true },
        new("Admin/PutFieldPolicy", Role.Admin, v => [new PutFieldPolicyRequest { FieldPolicy = new FieldPolicy { Field = $"traits.{Victim.Trait}", Purposes = { "service" } } }]),
        new("Admin/ListFieldPolicies", Role.Admin, v => [new ListFieldPoliciesRequest()]) { Shows = true },
        new("Operations/CreateBackup", Role.Admin, v => [new CreateBackupRequest()]) { IsOperators = true },
        new("Operations/CheckUp", Role.Admin, v => [new CheckUpRequest()]) { IsOperators = true },
        new("Operations/ListBackups", Role.Admin, v => [new ListBackupsRequest()]) { IsOperators = true },
        new("Admin/ListPartitions", Role.Admin, v => [new ListPartitionsRequest()]),
        new("Segments/DeleteSegment", Role.Admin, v => [new DeleteSegmentRequest { Id = Victim.SegmentId }]) { Destroys = true },
        new("Decisions/DeleteAction", Role.Admin, v => [new DeleteActionRequest { Id = Victim.ActionId }]) { Destroys = true },
        new("Admin/RevokeKey", Role.Admin, v => [new RevokeKeyRequest { KeyId = v.SpareKey }, new RevokeKeyRequest { KeyId = v.SpareKey, TenantId = Victim.Tenant }]) { Destroys = true },
        new("Privacy/EraseCustomer", Role.Admin, v => [new EraseCustomerRequest { Customer = v.ById }, new EraseCustomerRequest { Customer = new CustomerRef { CustomerId = v.CustomerId } }]) { Destroys = true },
        new("Admin/DeleteTenant", Role.Admin, v => [new DeleteTenantRequest { TenantId = Victim.Tenant }]) { IsOperators = true, Destroys = true },
    ];
}
