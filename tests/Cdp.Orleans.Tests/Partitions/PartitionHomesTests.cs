using Cdp.Orleans.Partitions;

namespace Cdp.Orleans.Tests.Partitions;

/// <summary>Which silo has which partition.</summary>
public sealed class PartitionHomesTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(3)]
    [InlineData(1)]
    [InlineData(256)]
    public void Every_silo_has_as_many_as_every_other_or_one_more(int partitions)
    {
        for (var silos = 1; silos <= 20; silos++)
        {
            var counts = PartitionHomes.DealOut(partitions, silos).CountBy(silo => silo).ToDictionary();
            Assert.All(Enumerable.Range(0, silos), silo => Assert.InRange(counts.GetValueOrDefault(silo), partitions / silos, (partitions / silos) + 1));
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(257)]
    public void A_silo_that_comes_takes_its_share_and_nothing_else_moves(int partitions)
    {
        for (var silos = 1; silos <= 20; silos++)
        {
            var moved = PartitionHomes.DealOut(partitions, silos).Zip(PartitionHomes.DealOut(partitions, silos + 1)).Where(home => home.First != home.Second).ToList();
            Assert.All(moved, home => Assert.Equal(silos, home.Second));
            Assert.Equal(partitions / (silos + 1), moved.Count);
        }
    }
}
