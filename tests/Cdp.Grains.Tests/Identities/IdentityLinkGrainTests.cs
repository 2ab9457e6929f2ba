using Cdp.Grains.Identities;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.StorageContract;

namespace Cdp.Grains.Tests.Identities;

public sealed class IdentityLinkGrainTests
{
    private readonly MemoryStateStore _states = new();

    [Fact]
    public async Task A_link_leads_where_it_was_pointed_also_after_a_restart()
    {
        await PointAsync(await ActivateAsync(), "c1", 0);
        var link = await ResolveAsync(await ActivateAsync());
        Assert.Equal(("c1", 0L), (link.Customer, link.Version));
    }

    [Fact]
    public async Task The_newer_decision_wins_in_whichever_order_they_come()
    {
        var link = await ActivateAsync();
        await PointAsync(link, "c2", 7);
        await PointAsync(link, "c1", 3);
        Assert.Equal("c2", (await ResolveAsync(link)).Customer);
        await PointAsync(link, "c3", 8);
        Assert.Equal("c3", (await ResolveAsync(await ActivateAsync())).Customer);
    }

    [Fact]
    public async Task Pointing_again_writes_nothing()
    {
        var link = await ActivateAsync();
        await PointAsync(link, "c1", 3);
        _states.Broken = true;
        await PointAsync(link, "c1", 3);
        Assert.Equal("c1", (await ResolveAsync(link)).Customer);
    }

    [Fact]
    public async Task Of_two_activations_the_newer_decision_wins()
    {
        var (one, two) = (await ActivateAsync(), await ActivateAsync());
        await PointAsync(one, "c1", 1);
        await ResolveAsync(two);
        await PointAsync(one, "c3", 3);
        await PointAsync(two, "c2", 2);
        Assert.Equal("c3", (await ResolveAsync(two)).Customer);
        await PointAsync(two, "c4", 4);
        await PointAsync(one, "c3", 3);
        Assert.Equal(("c4", 4L), await StoredAsync());
    }

    [Fact]
    public async Task That_nobody_is_known_is_not_remembered()
    {
        var reader = await ActivateAsync();
        Assert.Equal("", (await ResolveAsync(reader)).Customer);
        await PointAsync(await ActivateAsync(), "c1", 5);
        Assert.Equal("c1", (await ResolveAsync(reader)).Customer);
    }

    [Fact]
    public async Task A_known_customer_is_answered_from_memory()
    {
        var link = await ActivateAsync();
        await PointAsync(link, "c1", 1);
        _states.Broken = true;
        Assert.Equal("c1", (await ResolveAsync(link)).Customer);
    }

    private Task<TestActivation<IdentityLinkGrain>> ActivateAsync() => TestActivation<IdentityLinkGrain>.StartAsync(
        "shop/device/7.1/hash", new NoGrains(), context => new IdentityLinkGrain(context, _states));

    private async Task<(string, long)> StoredAsync()
    {
        var link = await ResolveAsync(await ActivateAsync());
        return (link.Customer, link.Version);
    }

    private static Task<PointLinkReply> PointAsync(TestActivation<IdentityLinkGrain> link, string customer, long version) =>
        link.Call(g => g.Point(new PointLinkRequest { Customer = customer, Version = version }, CancellationToken.None));

    private static Task<ResolveLinkReply> ResolveAsync(TestActivation<IdentityLinkGrain> link) =>
        link.Call(g => g.Resolve(new ResolveLinkRequest(), CancellationToken.None));
}
