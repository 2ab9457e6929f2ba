using System.Collections.Concurrent;
using Cdp.Grains.Customers;
using Cdp.Grains.Ports;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Tests.Merges;

/// <summary>Customers that keep of a merge what theirs is: whether they exist, where they went, whom they took in.</summary>
internal sealed class FakeCustomers(Fuse fuse) : IGrains
{
    public ConcurrentDictionary<string, Stored> All { get; } = new();

    public HashSet<string> Erased { get; } = [];

    public void Mint(string customer) => All[customer] = new Stored();

    public TGrain Get<TGrain>(string key) where TGrain : class => new Fake(this, key.Split('/')[1]) is TGrain grain
        ? grain
        : throw new InvalidOperationException($"A merge calls customers only, not {typeof(TGrain).Name}.");

    private Stored? Find(string customer, MintedEntry? mint)
    {
        if (Erased.Contains(customer)) return null;
        if (All.TryGetValue(customer, out var stored) || mint is null) return stored;
        return All.GetOrAdd(customer, _ => new Stored { MintedAt = mint.IdentitySequence });
    }

    /// <summary>What one customer durably knows.</summary>
    internal sealed class Stored
    {
        public string SealedInto { get; set; } = "";

        public List<string> Absorbed { get; } = [];

        public long MintedAt { get; init; } = -1;
    }

    private sealed class Fake(FakeCustomers customers, string id) : ICustomer
    {
        public ValueTask<SealReply> Seal(SealRequest request, CancellationToken cancellationToken) => customers.WriteAsync(() =>
        {
            var stored = customers.Find(id, request.Mint)!;
            Assert.True(stored.SealedInto.Length == 0 || stored.SealedInto == request.Winner);
            stored.SealedInto = request.Winner;
            return new SealReply { Entries = 3 + stored.Absorbed.Count, Snapshot = new CustomerSnapshot { DefinitionsVersion = 9 } };
        });

        public ValueTask<AbsorbReply> Absorb(AbsorbRequest request, CancellationToken cancellationToken) => customers.WriteAsync(() =>
        {
            Assert.Equal(9, request.Snapshot.DefinitionsVersion);
            if (customers.Find(id, request.Mint) is not { } stored) return new AbsorbReply { Standing = CustomerStanding.Gone };
            if (stored.SealedInto.Length > 0) return new AbsorbReply { Standing = CustomerStanding.Forwarded, ForwardedTo = stored.SealedInto };
            if (!stored.Absorbed.Contains(request.Loser)) stored.Absorbed.Add(request.Loser);
            return new AbsorbReply { Standing = CustomerStanding.Here };
        });

        public ValueTask<ApplyReply> Apply(ApplyRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ReadProfileReply> ReadProfile(ReadProfileRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<EraseCustomerStateReply> EraseState(EraseCustomerStateRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ReadConsentsReply> ReadConsents(ReadConsentsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<TraceCustomerEventReply> TraceEvent(TraceCustomerEventRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ReadEventsReply> ReadEvents(ReadEventsRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

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

    private ValueTask<T> WriteAsync<T>(Func<T> write) => fuse.WriteAsync(() => new ValueTask<T>(write()));
}
