using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Keys;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Gateway.Tests.Profiles;

/// <summary>How the front door finds customers: what it remembers, and what it does when that is out of date.</summary>
public sealed class CustomerFinderTests
{
    private const string Tenant = "t";

    private readonly World _world = new();
    private readonly CustomerFinder _finder;
    private readonly Caller _caller;

    public CustomerFinderTests()
    {
        var config = TenantDefaults.NewConfig(Tenant, new byte[32]);
        _caller = new Caller(new Key(), false, new Definitions(config), new IdentifierResolver(config, new IdentifierCache()));
        _finder = new CustomerFinder(new GatewayPorts(_world, null!, null!, TimeProvider.System, NoStepObserver.Instance));
    }

    [Fact]
    public async Task A_customer_asked_for_again_costs_one_call_and_no_link()
    {
        _world.Link(KeyOf("u1"), "a");
        Assert.Equal("a", await FindAsync("u1"));
        _world.Calls.Clear();

        Assert.Equal("a", await FindAsync("u1"));

        Assert.Equal(["customer t/a"], _world.Calls);
    }

    [Fact]
    public async Task Customers_merged_away_are_followed_once()
    {
        _world.Link(KeyOf("u1"), "a");
        await FindAsync("u1");
        _world.Forward("a", "b");
        _world.Forward("b", "c");
        Assert.Equal("c", await FindAsync("u1"));
        _world.Calls.Clear();

        Assert.Equal("c", await FindAsync("u1"));

        Assert.Equal(["customer t/c"], _world.Calls);
    }

    [Fact]
    public async Task A_customer_that_is_gone_is_looked_for_where_its_link_leads_now()
    {
        _world.Link(KeyOf("u1"), "a");
        await FindAsync("u1");
        _world.End("a");
        _world.Link(KeyOf("u1"), "b");

        Assert.Equal("b", await FindAsync("u1"));

        _world.End("b");
        Assert.Null(await FindAsync("u1"));
        _world.Link(KeyOf("u1"), "");
        Assert.Null(await FindAsync("u1"));
    }

    [Fact]
    public async Task A_customer_merged_into_one_that_is_gone_is_looked_for_again()
    {
        _world.Link(KeyOf("u1"), "a");
        await FindAsync("u1");
        _world.Forward("a", "b");
        _world.End("b");
        _world.Link(KeyOf("u1"), "c");

        Assert.Equal("c", await FindAsync("u1"));
    }

    [Fact]
    public async Task Another_configuration_finds_nothing_that_was_remembered()
    {
        _world.Link(KeyOf("u1"), "a");
        await FindAsync("u1");
        var config = _caller.Definitions.Config.Clone();
        config.Version++;
        var later = _caller with { Definitions = new Definitions(config), Identifiers = new IdentifierResolver(config, new IdentifierCache()) };
        _world.Calls.Clear();

        Assert.Equal("a", await FindAsync("u1", later));

        Assert.Equal([$"link t/{KeyOf("u1")}", "customer t/a"], _world.Calls);
    }

    [Fact]
    public async Task More_customers_than_are_remembered_are_all_found()
    {
        var routes = new CustomerRoutes(capacity: 8);
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 100; i++)
            {
                var identifier = new Identifier { Namespace = "user_id", Value = $"u{i}" };
                Assert.Contains(routes.Find(_caller.Identifiers, identifier)?.CustomerId, (string?[])[null, $"c{i}"]);
                routes.Set(new CustomerRoute(_caller.Identifiers, "user_id", $"u{i}", $"c{i}", _world.Get<ICustomer>($"t/c{i}")));
                Assert.Equal($"c{i}", routes.Find(_caller.Identifiers, identifier)?.CustomerId);
            }
        }

        for (var i = 0; i < 100; i++) _world.Link(KeyOf($"u{i}"), $"c{i}");
        for (var i = 0; i < 100; i++) Assert.Equal($"c{i}", await FindAsync($"u{i}"));
    }

    private string KeyOf(string value) => _caller.Identifiers.Resolve("user_id", value).Key;

    private async Task<string?> FindAsync(string value, Caller? caller = null)
    {
        var reply = await _finder.CallAsync(
            caller ?? _caller, GatewayFixture.Ref("user_id", value), "customer", static (c, r, cancel) => c.ReadProfile(r, cancel), new ReadProfileRequest(),
            static r => (r.Standing, r.ForwardedTo), TestContext.Current.CancellationToken);
        return reply?.Profile.ToStringUtf8();
    }

    /// <summary>Customers that answer with their id, and the links to them.</summary>
    private sealed class World : IGrains
    {
        private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> _forwards = new(StringComparer.Ordinal);
        private readonly HashSet<string> _gone = new(StringComparer.Ordinal);

        public List<string> Calls { get; } = [];

        public void Link(string key, string customer) => _links[$"{Tenant}/{key}"] = customer;

        public void Forward(string customer, string to) => _forwards[customer] = to;

        public void End(string customer) => _gone.Add(customer);

        public TGrain Get<TGrain>(string key)
            where TGrain : class => (TGrain)(object)(typeof(TGrain) == typeof(ICustomer) ? new Customer(this, key) : new LinkOf(this, key));

        private sealed class LinkOf(World world, string key) : IIdentityLink
        {
            public ValueTask<ResolveLinkReply> Resolve(ResolveLinkRequest request, CancellationToken cancellationToken)
            {
                world.Calls.Add($"link {key}");
                return new(new ResolveLinkReply { Customer = world._links.GetValueOrDefault(key, "") });
            }

            public ValueTask<PointLinkReply> Point(PointLinkRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
        }

        private sealed class Customer(World world, string key) : ICustomer
        {
            public ValueTask<ReadProfileReply> ReadProfile(ReadProfileRequest request, CancellationToken cancellationToken)
            {
                world.Calls.Add($"customer {key}");
                var id = key[(Tenant.Length + 1)..];
                if (world._gone.Contains(id)) return new(new ReadProfileReply { Standing = CustomerStanding.Gone });
                return new(world._forwards.TryGetValue(id, out var to)
                    ? new ReadProfileReply { Standing = CustomerStanding.Forwarded, ForwardedTo = to }
                    : new ReadProfileReply { Standing = CustomerStanding.Here, Profile = Google.Protobuf.ByteString.CopyFromUtf8(id) });
            }

            public ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<EraseCustomerStateReply> EraseState(EraseCustomerStateRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<ReadConsentsReply> ReadConsents(ReadConsentsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<TraceCustomerEventReply> TraceEvent(TraceCustomerEventRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<ReadEventsReply> ReadEvents(ReadEventsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<SealReply> Seal(SealRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<AbsorbReply> Absorb(AbsorbRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<StateMembershipReply> StateMembership(StateMembershipRequest request, CancellationToken cancellationToken) =>
                throw new NotSupportedException();

            public ValueTask<ReadMembershipReply> ReadMembership(ReadMembershipRequest request, CancellationToken cancellationToken) =>
                throw new NotSupportedException();

            public ValueTask<DecideCustomerReply> Decide(DecideCustomerRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<ReadDecisionReply> ReadDecision(ReadDecisionRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<ReadDecisionsReply> ReadDecisions(ReadDecisionsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<ReadCreditsReply> ReadCredits(ReadCreditsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<RefoldReply> Refold(RefoldRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
        }
    }
}
