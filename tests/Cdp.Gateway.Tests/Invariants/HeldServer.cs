using System.Buffers.Text;
using Cdp.Grains.Customers;
using Cdp.Grains.Hosting;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.StorageContract;
using Cdp.V1;

namespace Cdp.Gateway.Tests.Invariants;

/// <summary>A server whose customers can be made slow.</summary>
internal sealed class HeldServer : IAsyncDisposable
{
    private int _events;

    private HeldServer(GatewayFixture server, HeldHistory history)
    {
        (Server, History) = (server, history);
    }

    public GatewayFixture Server { get; }

    public HeldHistory History { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<HeldServer> StartAsync(int partitions = 1, long? maxBacklogBytes = null)
    {
        var history = new HeldHistory(new MemoryHistory());
        var stores = new GrainStores(new MemoryEventLog(partitions), new MemoryStateStore(), history, new MemoryCustomerIndex());
        return new HeldServer(await GatewayFixture.StartAsync(stores, maxBacklogBytes: maxBacklogBytes), history);
    }

    /// <summary>Publishes a first event of a user; returns the key of the customer that it made, once it is applied.</summary>
    public async Task<string> MeetAsync(string user)
    {
        var token = await SeeAsync(user);
        return $"default/{(await Server.ProfileAsync("user_id", user, token)).CustomerId}";
    }

    /// <summary>Publishes another event of a user; returns the token.</summary>
    public Task<string> SeeAsync(string user) => Server.PublishAsync(Seen(user));

    /// <summary>An event with an id of its own.</summary>
    public Event Seen(string user) => GatewayFixture.Event($"e{_events++}", "Product Viewed", ("user_id", user));

    /// <summary>The user's events that a read sees now, without waiting for any.</summary>
    public async Task<long> VisibleAsync(string user) => (await Server.ProfileAsync("user_id", user, "")).Activity.EventCount;

    /// <summary>The customer's events when what it was handed over is folded.</summary>
    public async Task<long> FoldedAsync(string key) =>
        (await Server.Host.Grains.Get<ICustomer>(key).Refold(new RefoldRequest { AsItStands = true }, Cancel)).Events;

    public async Task<GetPartitionStatusReply> StatusAsync(int partition = 0) =>
        await Server.Host.Grains.Get<IPartition>($"{partition}").GetStatus(new GetPartitionStatusRequest(), Cancel);

    /// <summary>The partition of a token that names one.</summary>
    public static int PartitionOf(string token) => Assert.Single(ReadToken.Parser.ParseFrom(Base64Url.DecodeFromChars(token)).Marks).Partition;

    public ValueTask DisposeAsync()
    {
        History.ReleaseAll();
        return Server.DisposeAsync();
    }
}
