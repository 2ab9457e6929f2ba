using Cdp.Domain.Tenants;
using Cdp.Grains.Customers;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Grains.Tests.Customers;

/// <summary>
/// Invariant 12, where a customer is active twice: who knows that something was applied is not answered by an activation that
/// another one has overtaken.
/// </summary>
public sealed class NewestTests : IDisposable
{
    private readonly CustomerHarness _customer = new();

    public NewestTests() => _customer.Change(new ChangeTenantRequest { PutPlacement = new Placement { Id = "home", Channel = "web" } });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Reads() => [.. Calls.Keys];

    private static readonly Dictionary<string, Func<CustomerGrain, bool, ValueTask<CustomerStanding>>> Calls = new()
    {
        ["profile"] = async (customer, newest) => (await customer.ReadProfile(new ReadProfileRequest { Purpose = TenantDefaults.ServicePurpose, Newest = newest }, Cancel)).Standing,
        ["events"] = async (customer, newest) => (await customer.ReadEvents(new ReadEventsRequest { PageSize = 10, Newest = newest }, Cancel)).Standing,
        ["membership"] = async (customer, newest) => (await customer.ReadMembership(new ReadMembershipRequest { Purpose = TenantDefaults.ServicePurpose, Newest = newest }, Cancel)).Standing,
        ["decisions"] = async (customer, newest) => (await customer.ReadDecisions(new ReadDecisionsRequest { PageSize = 10, Newest = newest }, Cancel)).Standing,
        ["decide"] = async (customer, newest) => (await customer.Decide(
            new DecideCustomerRequest
            {
                Purpose = TenantDefaults.ServicePurpose,
                Call = new DecideRequest { Placement = "home", Consistency = DecisionConsistency.Async },
                Newest = newest,
            },
            Cancel)).Standing,
    };

    public void Dispose() => _customer.Dispose();

    [Theory]
    [MemberData(nameof(Reads))]
    public async Task An_activation_that_was_overtaken_answers_nobody_who_knows_more(string read)
    {
        var overtaken = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(overtaken, await EventAsync(1));
        var current = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(current, await EventAsync(2));

        await Assert.ThrowsAsync<OwnershipLostException>(() => overtaken.Call(grain => Calls[read](grain, true)));

        Assert.True(overtaken.Abandoned);
        Assert.Equal(CustomerStanding.Here, await current.Call(grain => Calls[read](grain, true)));
        Assert.False(current.Abandoned);
    }

    [Theory]
    [MemberData(nameof(Reads))]
    public async Task Nor_does_one_that_knows_of_no_customer_yet(string read)
    {
        var early = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(await _customer.StartAsync(), await EventAsync(1));

        Assert.Equal(CustomerStanding.Gone, await early.Call(grain => Calls[read](grain, false)));
        await Assert.ThrowsAsync<OwnershipLostException>(() => early.Call(grain => Calls[read](grain, true)));
    }

    [Fact]
    public async Task Who_reads_beside_an_append_of_the_activation_itself_waits_for_its_end()
    {
        var customer = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(customer, await EventAsync(1));
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _customer.History.Told = told.Task;
        var applying = CustomerHarness.ApplyAsync(customer, await EventAsync(2));
        var reading = ReadAsync(customer);
        await customer.Call(_ => new ValueTask<bool>(true));
        Assert.False(reading.IsCompleted);

        told.SetResult();

        await applying;
        Assert.Equal(2, (await reading).Activity.EventCount);
        Assert.False(customer.Abandoned);
    }

    [Fact]
    public async Task An_append_that_another_activation_came_before_does_not_pass_for_its_own()
    {
        var overtaken = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(overtaken, await EventAsync(1));
        var current = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(current, await EventAsync(2));
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _customer.History.Told = told.Task;
        var applying = CustomerHarness.ApplyAsync(overtaken, await EventAsync(3));
        var reading = ReadAsync(overtaken);
        await overtaken.Call(_ => new ValueTask<bool>(true));

        told.SetResult();

        await Assert.ThrowsAsync<OwnershipLostException>(() => applying);
        await Assert.ThrowsAsync<OwnershipLostException>(() => reading);
    }

    [Fact]
    public async Task Decisions_that_are_appended_behind_are_the_activations_own()
    {
        var customer = await _customer.StartAsync();
        await CustomerHarness.ApplyAsync(customer, await EventAsync(1));
        _customer.History.Silent = true;
        await customer.Call(grain => Calls["decide"](grain, false));
        var reading = ReadAsync(customer);
        await customer.Call(_ => new ValueTask<bool>(true));
        Assert.False(reading.IsCompleted);

        await _customer.History.TellAllAsync();

        Assert.Equal(1, (await reading).Activity.EventCount);
    }

    private static async Task<Profile> ReadAsync(TestActivation<CustomerGrain> customer)
    {
        var read = new ReadProfileRequest { Purpose = TenantDefaults.ServicePurpose, Newest = true };
        return Profile.Parser.ParseFrom((await customer.Call(grain => grain.ReadProfile(read, Cancel))).Profile);
    }

    private Task<LogEntry> EventAsync(int minute) => _customer.LogAsync(new Event { Id = $"e{minute}" }, minute);
}
