using Cdp.Domain.Profiles;
using Cdp.Domain.Tests.Profiles;
using Cdp.Grains.Customers;
using Cdp.State.V1;

namespace Cdp.Grains.Tests.Customers;

/// <summary>Invariant 10: bounded and fair. What is stored of one customer stays within 512 KB, whatever is sent.</summary>
public sealed class BoundedAndFairTests : IDisposable
{
    private readonly CustomerHarness _customer = new();

    public void Dispose() => _customer.Dispose();

    [Fact]
    public async Task A_customer_whose_every_bound_was_passed_is_stored_in_512_KB()
    {
        var activation = await _customer.StartAsync();
        var largest = 0;
        for (var i = 0; i < AdversarialEvents.Enough; i += 25)
        {
            var batch = new List<LogEntry>();
            for (var k = i; k < i + 25; k++)
            {
                var made = AdversarialEvents.Make(k);
                batch.Add(await _customer.LogAsync(made, k * 24 * 60));
            }

            Assert.Equal(25, (await CustomerHarness.ApplyAsync(activation, [.. batch])).Applied);
            var row = await _customer.States.ReadAsync(CustomerGrain.SnapshotKind, CustomerHarness.Key, TestContext.Current.CancellationToken);
            largest = Math.Max(largest, row.Value.Length);
        }

        await activation.StopAsync();
        var stored = await _customer.States.ReadAsync(CustomerGrain.SnapshotKind, CustomerHarness.Key, TestContext.Current.CancellationToken);
        var snapshot = CustomerSnapshot.Parser.ParseFrom(stored.Value.Span);
        Assert.Equal(AdversarialEvents.Enough, snapshot.Profile.EventCount);
        Assert.InRange(Math.Max(largest, stored.Value.Length), ProfileLimits.MaxBytes / 2, ProfileLimits.MaxBytes);
    }
}
