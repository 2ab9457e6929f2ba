using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.SingleNode.Engine;
using Cdp.SingleNode.Hosting;
using Cdp.State.V1;
using Cdp.StorageContract;
using Google.Protobuf;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>A whole node but for its sockets, on memory stores that outlive it.</summary>
internal sealed class ComposedNode : IAsyncDisposable
{
    public const int Partitions = 4;

    private const string Tenant = ApiKeys.OperatorTenant;

    private readonly Stores _stores;
    private readonly SteppedLog? _stepped;
    private readonly ConcurrentQueue<Exception> _errors = new();
    private readonly SettableTime _time = new();
    private SingleNodeHost? _host;
    private IngestService _ingest = null!;
    private Caller _caller = null!;

    private ComposedNode(Stores stores, bool stepped)
    {
        _stores = stores;
        _stepped = stepped ? new SteppedLog(stores.Log) : null;
    }

    /// <summary>What a node stands on.</summary>
    internal sealed record Stores(MemoryEventLog Log, MemoryStateStore States, MemoryHistory History, MemoryCustomerIndex Index)
    {
        public static Stores New() => new(new MemoryEventLog(Partitions), new MemoryStateStore(), new MemoryHistory(), new MemoryCustomerIndex());

        /// <summary>The same log, tenant and identity record; nothing else.</summary>
        public async Task<Stores> ForReplayAsync()
        {
            var stores = this with { States = new MemoryStateStore(), History = new MemoryHistory(), Index = new MemoryCustomerIndex() };
            foreach (var (kind, key) in new[] { ("tenant", Tenant), ("tenant-directory", "tenants") })
            {
                if (await States.ReadAsync(kind, key, CancellationToken.None) is { Exists: true } row)
                    await stores.States.WriteAsync(kind, key, row.Value, null, CancellationToken.None);
            }

            var record = $"{Tenant}/identity";
            foreach (var slice in await History.ReadAsync(record, 0, int.MaxValue, CancellationToken.None))
                await stores.History.AppendAsync(record, slice.First, slice.Count, slice.Bytes, CancellationToken.None);
            return stores;
        }
    }

    public Definitions Definitions => _caller.Definitions;

    /// <param name="stores">What it stands on.</param>
    /// <param name="stepped">Whether the partitions wait for <see cref="PermitAllAsync"/>.</param>
    public static async Task<ComposedNode> StartAsync(Stores stores, bool stepped = false)
    {
        var node = new ComposedNode(stores, stepped);
        await node.StartHostAsync();
        return node;
    }

    /// <param name="dropSnapshots">Whether all that is only a cache of histories is lost meanwhile.</param>
    public async Task RestartAsync(bool dropSnapshots = false)
    {
        await StopAsync();
        if (dropSnapshots)
        {
            _stores.States.DropKind(CustomerGrain.SnapshotKind);
            _stores.States.DropKind("event-filter");
        }

        await StartHostAsync();
    }

    public async Task PublishAsync(Step step)
    {
        _time.Now = step.Received;
        await _ingest.PublishOwnAsync(_caller, step.ToEvent(), CancellationToken.None);
    }

    /// <summary>Hands out one record after the other, of partitions in the order that the random numbers say.</summary>
    public async Task PermitAllAsync(Random random)
    {
        var left = new List<int>();
        for (var p = 0; p < Partitions; p++) left.AddRange(Enumerable.Repeat(p, (int)await _stores.Log.EndAsync(p, CancellationToken.None)));
        while (left.Count > 0)
        {
            var next = random.Next(left.Count);
            _stepped!.Permit(left[next]);
            left.RemoveAt(next);
            if (random.Next(3) == 0) await Task.Yield();
        }
    }

    /// <summary>Waits until all that is in the log is applied.</summary>
    public async Task AppliedAsync()
    {
        for (var p = 0; p < Partitions; p++)
        {
            var end = await _stores.Log.EndAsync(p, CancellationToken.None);
            await _host!.Grains.Get<IPartition>(p.ToString(CultureInfo.InvariantCulture)).WaitApplied(new WaitAppliedRequest { Position = end }, CancellationToken.None);
        }
    }

    /// <summary>The customer of an identifier's key.</summary>
    public async Task<string> CustomerOfAsync(string key)
    {
        var id = (await _host!.Grains.Get<IIdentityLink>($"{Tenant}/{key}").Resolve(new ResolveLinkRequest(), CancellationToken.None)).Customer;
        var request = new ReadProfileRequest { Purpose = TenantDefaults.ServicePurpose };
        while (true)
        {
            var read = await _host!.Grains.Get<ICustomer>($"{Tenant}/{id}").ReadProfile(request, CancellationToken.None);
            if (read.Standing == CustomerStanding.Here) return id;
            Assert.Equal(CustomerStanding.Forwarded, read.Standing);
            id = read.ForwardedTo;
        }
    }

    /// <summary>Digest of the customer folded again from its history.</summary>
    public async Task<ByteString> DigestAsync(string customer) =>
        (await _host!.Grains.Get<ICustomer>($"{Tenant}/{customer}").Refold(new RefoldRequest(), CancellationToken.None)).Digest;

    /// <summary>Stops the node and reads the customers' stored profiles as they were kept live.</summary>
    public async Task<Dictionary<string, ByteString>> StopAndReadAsync(IEnumerable<string> customers)
    {
        await StopAsync();
        var profiles = new Dictionary<string, ByteString>(StringComparer.Ordinal);
        foreach (var customer in customers)
        {
            var row = await _stores.States.ReadAsync(CustomerGrain.SnapshotKind, $"{Tenant}/{customer}", CancellationToken.None);
            if (!row.Exists) continue;
            var snapshot = CustomerSnapshot.Parser.ParseFrom(row.Value.Span);
            Assert.Equal(await _stores.History.LengthAsync($"{Tenant}/{customer}", CancellationToken.None), snapshot.Bookkeeping.Sequence);
            Assert.False(snapshot.Bookkeeping.FoldAgain);
            profiles[customer] = snapshot.Profile.ToByteString();
        }

        return profiles;
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    public static ByteString DigestOf(ByteString profile) => ByteString.CopyFrom(SHA256.HashData(profile.Span));

    private async Task StartHostAsync()
    {
        _host = await SingleNodeHost.StartAsync(
            new SingleNodeStores((IEventLog?)_stepped ?? _stores.Log, _stores.States, _stores.History, _stores.Index),
            new SingleNodeOptions
            {
                Engine = new GrainEngineOptions { CheckMessages = true, OnFault = fault => _errors.Enqueue(fault.Exception) },
                OnHandledError = (_, error) => _errors.Enqueue(error),
            },
            TimeProvider.System);
        var ports = new GatewayPorts(_host.Grains, _host.Log, _host.Definitions, _time, NoStepObserver.Instance);
        await new GatewayServices(ports).Tenants.BootstrapAsync(GatewayFixture.OperatorKey, CancellationToken.None);
        var definitions = (await _host.Definitions.GetAsync(Tenant, CancellationToken.None))!;
        _ingest = new IngestService(ports);
        _caller = new Caller(definitions.Config.Keys[0].Key, true, definitions, new IdentifierResolver(definitions.Config, new IdentifierCache()));
    }

    private async Task StopAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        _host = null;
        Assert.Empty(_errors);
    }
}
