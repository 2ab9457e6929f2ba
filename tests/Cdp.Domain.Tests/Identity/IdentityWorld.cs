using Cdp.Domain.Identity;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Identity;

/// <summary>A tenant's identity decisions in memory: asks questions and keeps the record.</summary>
internal sealed class IdentityWorld
{
    private static readonly string[] Names = ["user_id", "email", "device", "cookie", "order_id"];
    private readonly IdentityDecider _decider;

    public IdentityWorld(TenantConfig config)
    {
        Rules = new NamespaceRules(config);
        _decider = new IdentityDecider(Rules, new CustomerIds(config.IdentityKey.Memory));
    }

    public NamespaceRules Rules { get; }

    public MemoryIdentityRows Rows { get; } = new();

    public List<IdentityDecision> Record { get; } = [];

    public static TenantConfig Config(params Namespace[] namespaces) => new()
    {
        Tenant = new Tenant { Id = "shop", CountryCode = "DE" },
        IdentityKey = ByteString.CopyFromUtf8("0123456789abcdef0123456789abcdef"),
        IdentityKeyId = 7,
        Namespaces = { namespaces },
    };

    public static TenantConfig Unlimited() =>
        Config([.. Names.Select(n => new Namespace { Name = n, Kind = KindOf(n), MaxPerCustomer = -1 })]);

    /// <summary>The same key in every run; the hash part needs no secret here.</summary>
    public static IdentifierValue Id(string name, string value) =>
        new() { Key = $"{name}/7.1/{value.PadRight(22, 'A')}", Value = value };

    /// <summary>One question a byte string: each byte is one of 30 identifiers, strongest first.</summary>
    public static IdentityQuestion QuestionOf(IEnumerable<byte> bytes) => Question([.. bytes
        .Select(b => (Name: b % Names.Length, Value: b / Names.Length % 6))
        .OrderBy(i => i.Name)
        .Select(i => Id(Names[i.Name], $"v{i.Value}"))]);

    public static List<IdentityQuestion> QuestionsOf(byte[][]? questions) =>
        [.. (questions ?? []).Where(q => q is { Length: > 0 }).Select(q => QuestionOf(q.Take(4)))];

    public static IdentityQuestion Question(params IdentifierValue[] identifiers) =>
        new() { Identifiers = { identifiers }, At = 1_700_000_000_000_000, Evidence = new Evidence { EventId = "e" } };

    public IdentityAnswer Ask(params IdentifierValue[] identifiers) => Ask(Question(identifiers));

    public IdentityAnswer Ask(IdentityQuestion question)
    {
        var decisions = new List<IdentityDecision>();
        var answer = _decider.Decide(question, Rows, Record.Count, decisions);
        Record.AddRange(decisions);
        return answer;
    }

    /// <summary>Groups of identifiers by customer, each as sorted text, sorted.</summary>
    public List<string> Groups(Func<string, bool>? only = null) =>
        [.. Rows.Nodes.Keys.Where(only ?? (_ => true)).GroupBy(k => Rows.StandingOf(k)!)
            .Select(g => string.Join(' ', g.Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal)];

    private static NamespaceKind KindOf(string name) => name switch
    {
        "user_id" => NamespaceKind.Person,
        "email" => NamespaceKind.Contact,
        "order_id" => NamespaceKind.Reference,
        _ => NamespaceKind.Device,
    };
}
