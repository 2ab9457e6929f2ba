using System.Collections.Frozen;
using Cdp.Gateway.Admin;
using Cdp.Gateway.Audit;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Decisions;
using Cdp.Gateway.Events;
using Cdp.Gateway.Identities;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Interactions;
using Cdp.Gateway.Keys;
using Cdp.Gateway.Operations;
using Cdp.Gateway.Privacy;
using Cdp.Gateway.Profiles;
using Cdp.Gateway.Segments;
using Cdp.Grains;
using Cdp.Grains.Ports;
using Cdp.Rpc;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway;

/// <summary>The front door: the services of <c>cdp.v1</c>, and the role that each method needs.</summary>
public sealed class GatewayServices
{
    private static readonly (string Service, Role Role, string[] Methods)[] Needed =
    [
        ("Ingest", Role.Writer, ["PublishEvents", "StreamEvents"]),
        ("Interactions", Role.Writer, ["Exchange"]),
        ("Profiles", Role.Reader, ["GetProfile", "BatchGetProfiles", "ListEvents"]),
        ("Identities", Role.Reader, ["ResolveIdentifier", "DescribeIdentity", "ListNamespaces"]),
        ("Identities", Role.Writer, ["LinkIdentifiers"]),
        ("Identities", Role.Admin, ["PutNamespace"]),
        ("Consents", Role.Writer, ["RecordConsent"]),
        ("Consents", Role.Reader, ["GetConsents"]),
        ("Privacy", Role.Admin, ["EraseCustomer", "GetErasureReceipt", "ExportCustomer", "RestrictCustomer"]),
        ("Events", Role.Reader, ["TraceEvent", "TailEvents", "ListSchemaViolations"]),
        ("Events", Role.Admin, ["ListDeadLetters", "RetryDeadLetters"]),
        ("Segments", Role.Reader, ["GetSegment", "ListSegments", "ListMembers", "CountMembers", "ListMemberships", "ExplainMembership"]),
        ("Segments", Role.Admin, ["PutSegment", "DeleteSegment"]),
        ("Decisions", Role.Reader, ["GetAction", "ListActions", "GetPlacement", "ListPlacements"]),
        ("Decisions", Role.Decider, ["Decide", "RecordOutcomes", "ExplainDecision", "ListDecisions"]),
        ("Decisions", Role.Admin, ["PutAction", "DeleteAction", "PutPlacement"]),
        ("Audits", Role.Admin, ["ListAuditRecords", "ReadAuditBlocks"]),
        ("Admin", Role.Admin,
        [
            "PutTenant", "GetTenant", "ListTenants", "DeleteTenant", "CreateKey", "ListKeys", "RevokeKey", "RotateKey", "PutEventType", "ListEventTypes", "PutPurpose",
            "ListPurposes", "PutFieldPolicy", "ListFieldPolicies", "ListPartitions",
        ]),
        ("Operations", Role.Admin, ["CreateBackup", "ListBackups", "CheckUp"]),
    ];

    /// <summary>Puts the services together.</summary>
    /// <param name="ports">What they stand on.</param>
    /// <param name="issuers">Issuers whose tokens are taken beside keys; null: none.</param>
    /// <exception cref="InvalidOperationException">A method has no role.</exception>
    public GatewayServices(GatewayPorts ports, IReadOnlyList<JwtIssuer>? issuers = null)
    {
        Tenants = new TenantEditor(ports);
        var finder = new CustomerFinder(ports);
        var consents = new ConsentGate(ports, finder);
        Trail = new AuditTrail(ports);
        var audited = new AuditedCalls(ports, Trail, finder);
        var ingest = new IngestService(ports, finder);
        var profiles = new ProfilesService(ports, finder, consents, Trail, audited);
        var decisions = new DecisionsService(ports, finder, consents, Tenants, audited);
        var identifiers = new FirstIdentifiers(ports, finder);
        var consentsService = new ConsentsService(ports, identifiers, ingest, consents, audited);
        Services =
        [
            ingest.Bind(),
            new InteractionsService(ports, ingest, decisions, profiles).Bind(),
            profiles.Bind(),
            new IdentitiesService(ports, finder, ingest, consents, Tenants, audited).Bind(),
            consentsService.Bind(),
            new PrivacyService(ports, finder, identifiers, ingest, consents, new CustomerExport(ports, finder, consentsService, decisions.Reader), audited).Bind(),
            new EventsService(ports, finder, consents, ingest, audited).Bind(),
            new SegmentsService(ports, finder, consents, Tenants, audited).Bind(),
            decisions.Bind(),
            new AdminService(ports, Tenants, audited).Bind(),
            new AuditsService(ports, Trail, audited).Bind(),
            new OperationsService(ports, Trail, Tenants.Removal, audited).Bind(),
        ];
        var roles = Needed.SelectMany(n => n.Methods.Select(m => KeyValuePair.Create($"/cdp.v1.{n.Service}/{m}", n.Role))).ToFrozenDictionary(StringComparer.Ordinal);
        foreach (var method in Services.SelectMany(s => s.Descriptor.Methods))
        {
            if (!roles.ContainsKey($"/{method.Service.FullName}/{method.Name}"))
                throw new InvalidOperationException($"Method {method.FullName} has no role: say in {nameof(GatewayServices)} who may call it.");
        }

        Authenticator = new Authenticator(ports.Definitions, roles, ports.Time, issuers ?? []);
        Origins = new TenantOrigins(ports.Grains, ports.Definitions, ports.Time);
    }

    /// <summary>What a client is told when a resource is lost for the moment; null for anything else.</summary>
    public static RpcError? Translate(Exception error) => error switch
    {
        GrainUnavailableException or OwnershipLostException => new RpcError(Code.Unavailable, "The customer's place is changing or the server stops. Send the call again.")
        {
            Reason = "TEMPORARILY_UNAVAILABLE", RetryDelay = TimeSpan.FromMilliseconds(200),
        },
        ErasureLedgerException => new RpcError(Code.Unavailable, "It is erased, but that cannot be noted in the directory of backups now, so that a restore would not know it. The operator's log says why; send the call again with the same customer_id or tenant_id until it answers.")
        {
            Reason = "ERASURE_LEDGER_UNWRITABLE", RetryDelay = TimeSpan.FromSeconds(5),
        },
        IOException when StoreErrors.IsFull(error) => StoreErrors.Full(),
        IOException => new RpcError(Code.Unavailable, "The store cannot be read or written now. Send the call again; the operator's log says why.")
        {
            Reason = "STORE_UNAVAILABLE", RetryDelay = TimeSpan.FromSeconds(1),
        },
        _ => null,
    };

    /// <summary>The services to serve.</summary>
    public IReadOnlyList<RpcService> Services { get; }

    /// <summary>Decides who may call.</summary>
    public Authenticator Authenticator { get; }

    /// <summary>Decides which web pages may call.</summary>
    public IOriginPolicy Origins { get; }

    /// <summary>Writes down who reads and changes; to be disposed before the engine is.</summary>
    public AuditTrail Trail { get; }

    /// <summary>Changes tenants.</summary>
    public TenantEditor Tenants { get; }
}
