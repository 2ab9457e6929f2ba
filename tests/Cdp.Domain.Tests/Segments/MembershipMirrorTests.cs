using Cdp.Domain.Segments;
using Cdp.State.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Domain.Tests.Segments;

/// <summary>The packed mirror against a dictionary.</summary>
public sealed class MembershipMirrorTests
{
    private static readonly Arbitrary<MembershipStatement[]> Statements = Arb.From(
        Gen.ArrayOf(
            from customer in Gen.Choose(0, 3_000)
            from definitions in Gen.Choose(1, 3)
            from sequence in Gen.Choose(1, 8)
            from segments in Gen.SubListOf(new uint[] { 1, 2, 3, 70, 1_999 })
            select new MembershipStatement { Customer = customer % 40 * 77, Definitions = definitions, Sequence = sequence, Segments = { segments.Order() } }));

    [Fact]
    public void In_any_order_and_in_any_batches_the_highest_version_of_each_customer_counts() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(200),
        Prop.ForAll(Statements, Arb.From(Gen.Choose(1, 9)), (statements, batch) =>
        {
            // The same version is the same statement.
            var byVersion = statements.DistinctBy(s => (s.Customer, MembershipVersion.Of(s))).ToList();
            var newest = byVersion.GroupBy(s => s.Customer).ToDictionary(g => g.Key, g => g.MaxBy(MembershipVersion.Of)!);
            foreach (var order in new[] { byVersion, [.. byVersion.AsEnumerable().Reverse()], [.. byVersion.Concat(byVersion)] })
            {
                var mirror = new MembershipMirror();
                foreach (var chunk in order.Chunk(batch))
                    mirror.Take(chunk);
                AssertSame(newest, mirror);
                AssertSame(newest, MembershipMirror.Load(mirror.Save().Select(page => page.Clone())));
            }
        }));

    [Fact]
    public void A_page_takes_a_few_bytes_a_customer_where_many_are_in_the_same_segments()
    {
        var mirror = new MembershipMirror();
        mirror.Take(Enumerable.Range(0, 100_000).Select(i => new MembershipStatement
        {
            Customer = i, Definitions = 1L << 41, Sequence = 1 + (i % 90), Segments = { i % 3 == 0 ? [1, 5, 9] : i % 3 == 1 ? [2] : [] },
        }));

        Assert.Equal(100_000, mirror.Customers);
        Assert.Equal(33_334, mirror.Count(9));
        mirror.Save();
        Assert.InRange(mirror.PackedBytes, 100_000, 500_000);
    }

    [Fact]
    public void Who_leaves_at_a_time_that_is_known_leaves_then_unless_it_stated_something_since()
    {
        var mirror = new MembershipMirror();
        mirror.Take([Statement(5, sequence: 1, until: 100), Statement(2_000, sequence: 1, until: 200), Statement(2_001, sequence: 1, until: 50)]);
        mirror.Take([Statement(2_001, sequence: 2, until: null)]);
        for (int round = 0; round < 2; round++)
        {
            mirror.Expire(99);
            Assert.Equal([5, 2_000, 2_001], mirror.Members(1, -1, 9));
            mirror = MembershipMirror.Load(mirror.Save().Select(page => page.Clone()));
        }

        mirror.Expire(100);
        Assert.Equal((2, 3), (mirror.Count(1), mirror.Count(7)));
        mirror = MembershipMirror.Load(mirror.Save().Select(page => page.Clone()));
        Assert.Equal([2_000, 2_001], mirror.Members(1, -1, 9));

        // The same statement once more is not news.
        mirror.Take([Statement(5, sequence: 1, until: 100)]);
        mirror.Expire(1_000);
        Assert.Equal([2_001], mirror.Members(1, -1, 9));
        mirror.Take([Statement(5, sequence: 2, until: 2_000)]);
        Assert.Equal([5, 2_001], mirror.Members(1, -1, 9));
        Assert.Equal([5, 2_000, 2_001], mirror.Members(7, -1, 9));
    }

    private static MembershipStatement Statement(long customer, long sequence, long? until)
    {
        var statement = new MembershipStatement { Customer = customer, Definitions = 1, Sequence = sequence, Segments = { 1, 7 } };
        if (until is { } at)
            statement.Ends.Add(new MembershipEnd { Segment = 1, At = at });
        return statement;
    }

    private static void AssertSame(Dictionary<long, MembershipStatement> expected, MembershipMirror mirror)
    {
        Assert.Equal(expected.Count, mirror.Customers);
        foreach (int segment in new[] { 1, 2, 3, 70, 1_999, 5 })
        {
            long[] members = [.. expected.Values.Where(s => s.Segments.Contains((uint)segment)).Select(s => s.Customer).Order()];
            Assert.Equal(members.Length, mirror.Count(segment));
            Assert.Equal(members, mirror.Members(segment, -1, int.MaxValue));
            var paged = new List<long>();
            while (mirror.Members(segment, paged.LastOrDefault(-1), 3) is { Count: > 0 } page)
                paged.AddRange(page);
            Assert.Equal(members, paged);
        }
    }
}
