using Cdp.Domain.Tests.Identity;
using Cdp.Grains.Identities;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.StorageContract;
using static Cdp.Domain.Tests.Identity.IdentityWorld;

namespace Cdp.Grains.Tests.Identities;

public sealed class IdentityConcurrencyTests
{
    private const int Writers = 16;
    private const int Ring = 24;
    private const int Rings = 6;

    [Fact]
    public async Task Sixteen_callers_merging_overlapping_rings_end_in_the_connected_components()
    {
        var states = new MemoryStateStore();
        var tenant = new IdentityHarness(Unlimited())
        {
            States = new YieldingStateStore(states),
            Options = new IdentityOptions { Nodes = 20, Groups = 20, Refusals = 20, FlushAt = 16, WaitAt = 64 },
        };
        var activation = await tenant.GetAsync();
        var oracle = new UnionFind();
        var questions = new List<IdentityQuestion>();
        for (var writer = 0; writer < Writers; writer++)
        {
            for (var i = 0; i < Ring; i++)
            {
                // Neighbours on a ring; the writers of one ring walk it from different places, and two rings touch once.
                var (ring, start) = (writer % Rings, writer * 5 + i);
                questions.Add(Question(Node(ring, start % Ring), Node(ring, (start + 1) % Ring)));
            }
        }

        questions.Add(Question(Node(0, 0), Node(1, 0)));
        foreach (var question in questions) oracle.Union(question.Identifiers.Select(i => i.Key));

        var callers = Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            foreach (var question in questions.Where((_, i) => i % Writers == writer))
            {
                var request = new DecideIdentityRequest { Questions = { question } };
                await activation.Call(g => g.Decide(request, CancellationToken.None));
            }
        }));
        await Task.WhenAll(callers).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        var record = await tenant.RecordAsync();
        Assert.Equal(oracle.Groups(), await GroupsAsync(tenant, questions));
        Assert.Equal(record.Count, (await tenant.RecordAsync()).Count);

        await activation.StopAsync();
        tenant.Drop();
        Assert.Equal(oracle.Groups(), await GroupsAsync(tenant, questions));
        Assert.Equal(record.Count, (await tenant.RecordAsync()).Count);
    }

    private static async Task<List<string>> GroupsAsync(IdentityHarness tenant, List<IdentityQuestion> questions)
    {
        var customers = new Dictionary<string, string>();
        foreach (var identifier in questions.SelectMany(q => q.Identifiers).DistinctBy(i => i.Key))
        {
            customers[identifier.Key] = (await tenant.AskAsync(identifier)).Customer;
        }

        return [.. customers.GroupBy(c => c.Value)
            .Select(g => string.Join(' ', g.Select(c => c.Key).Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal)];
    }

    private static State.V1.IdentifierValue Node(int ring, int place) => Id("device", $"r{ring}-{place}");
}
