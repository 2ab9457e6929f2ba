using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Cdp.Domain.Identity;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Admin;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Grains;
using Cdp.Grains.Customers;
using Cdp.Grains.Hosting;
using Cdp.Grains.Identities;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.Refolds;
using Cdp.Grains.Segments;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.SingleNode.Engine;
using Cdp.SingleNode.Hosting;
using Cdp.State.V1;
using Cdp.StorageContract;
using Google.Protobuf;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>A whole node but for its sockets, on memory stores that outlive it.</summary>
internal sealed partial class ComposedNode : IAsyncDisposable
{
    public const int Partitions = 4;

    private const string Tenant = ApiKeys.OperatorTenant;

    private readonly Stores _stores;
    private readonly SteppedLog? _stepped;
    private readonly bool _isMortal;
    private ConcurrentQueue<Exception> _errors = new();
    private readonly SettableTime _time = new();
    private MortalStores? _mortal;
    private TenantEditor _tenants = null!;
    private SingleNodeHost? _host;
    private IngestService _ingest = null!;
    private Caller _caller = null!;

    private ComposedNode(Stores stores, bool stepped, bool isMortal)
    {
        _stores = stores;
        _isMortal = isMortal;
        _stepped = stepped ? new SteppedLog(stores.Log) : null;
    }

    /// <summary>What a node stands on.</summary>
    internal sealed record Stores(MemoryEventLog Log, MemoryStateStore States, MemoryHistory History, MemoryCustomerIndex Index)
    {
        public static Stores New() => new(new MemoryEventLog(Partitions), new MemoryStateStore(), new MemoryHistory(), new MemoryCustomerIndex());

        /// <summary>The same log, tenant, definitions, identity record and lists of what was erased; nothing else.</summary>
        public async Task<Stores> ForReplayAsync()
        {
            var stores = this with { States = new MemoryStateStore(), History = new MemoryHistory(), Index = new MemoryCustomerIndex() };
            foreach (var (kind, key) in new[] { ("tenant", Tenant), ("tenant-directory", "tenants") })
            {
                if (await States.ReadAsync(kind, key, CancellationToken.None) is { Exists: true } row)
                    await stores.States.WriteAsync(kind, key, row.Value, null, CancellationToken.None);
            }

            foreach (var record in History.Keys($"{Tenant}/erased/").Concat([$"{Tenant}/identity", $"{Tenant}/definitions"]))
            {
                foreach (var slice in await History.ReadAsync(record, 0, int.MaxValue, CancellationToken.None))
                    await stores.History.AppendAsync(record, slice.First, slice.Count, slice.Bytes, CancellationToken.None);
            }

            return stores;
        }
    }

    public Definitions Definitions => _caller.Definitions;

    public bool IsDead => _mortal?.IsDead == true;

    /// <summary>The given write from now on is the last; the node has to be restarted then.</summary>
    public void DieAt(int write, bool reachesStore) => _mortal!.DieAt(write, reachesStore);

    /// <param name="stores">What it stands on.</param>
    /// <param name="stepped">Whether the partitions wait for <see cref="PermitAllAsync"/>.</param>
    /// <param name="isMortal">Whether it may die, see <see cref="DieAt"/>; its clock is fast then.</param>
    public static async Task<ComposedNode> StartAsync(Stores stores, bool stepped = false, bool isMortal = false)
    {
        var node = new ComposedNode(stores, stepped, isMortal);
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

    /// <summary>Changes the tenant; a node that dies over it may or may not have.</summary>
    public async Task ChangeAsync(ChangeTenantRequest change)
    {
        try
        {
            await _tenants.ChangeAsync(Tenant, change, CancellationToken.None);
        }
        catch (Exception e) when (e is RpcException or IOException or OwnershipLostException or GrainUnavailableException)
        {
            Assert.True(IsDead || e is RpcException { Error.Reason: TenantReasons.SegmentUnknown }, e.ToString());
        }
    }

    /// <summary>Waits until all that is in the log is applied, and the shards know of it; or the node is dead.</summary>
    public async Task MirroredAsync()
    {
        for (var p = 0; p < Partitions && !IsDead; p++)
        {
            var wait = new WaitAppliedRequest { Position = await _stores.Log.EndAsync(p, CancellationToken.None), Mirrored = true };
            try
            {
                var partition = _host!.Grains.Get<IPartition>(p.ToString(CultureInfo.InvariantCulture));
                await await Task.WhenAny(partition.WaitApplied(wait, CancellationToken.None).AsTask(), _mortal!.Death);
            }
            catch (Exception e) when (e is IOException or OwnershipLostException or GrainUnavailableException)
            {
                // An activation that died: the next one knows, if there is one.
                if (!IsDead) p--;
            }
        }
    }

    /// <summary>Waits until every customer is evaluated under the newest definitions; or the node is dead.</summary>
    public async Task SweptAsync()
    {
        var sweep = _host!.Grains.Get<IRefoldSweep>(Tenant);
        try
        {
            while (!IsDead && !(await sweep.Sweep(new SweepRequest(), CancellationToken.None)).Done) await Task.Yield();
        }
        catch (IOException) when (IsDead)
        {
        }
    }

    public async Task<Definitions> NewestDefinitionsAsync() => (await _host!.Definitions.GetAsync(Tenant, CancellationToken.None))!;

    /// <summary>Ids of the segments that a customer says it is in.</summary>
    public async Task<List<string>> MembershipsAsync(string customer, Definitions definitions)
    {
        var reply = await _host!.Grains.Get<ICustomer>($"{Tenant}/{customer}").ReadMembership(new ReadMembershipRequest(), CancellationToken.None);
        return [.. reply.Segments.Select(number => definitions.Segments.Find((int)number)!.Definition.Id).Order(StringComparer.Ordinal)];
    }

    /// <summary>What the shards say of a segment.</summary>
    public async Task<(long Count, SortedSet<string> Members)> MembersAsync(int segment, Definitions definitions)
    {
        var ids = new CustomerIds(definitions.Config.IdentityKey.Memory);
        var (count, members) = (0L, new SortedSet<string>(StringComparer.Ordinal));
        for (var shard = 0; shard < SegmentShards.Count; shard++)
        {
            var grain = _host!.Grains.Get<ISegment>(SegmentShards.KeyOf(Tenant, shard));
            count += (await grain.Count(new CountShardRequest { Segment = (uint)segment }, CancellationToken.None)).Members;
            foreach (var customer in (await grain.List(new ListShardRequest { Segment = (uint)segment, After = -1, Size = 1_000 }, CancellationToken.None)).Customers)
                members.Add(ids.Make(customer));
        }

        return (count, members);
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
        var errors = _errors = new ConcurrentQueue<Exception>();
        _mortal = _isMortal ? new MortalStores(_stores.States, _stores.History) : null;
        _host = await SingleNodeHost.StartAsync(
            new GrainStores((IEventLog?)_stepped ?? _stores.Log, (IStateStore?)_mortal ?? _stores.States, (IHistory?)_mortal ?? _stores.History, _stores.Index),
            new SingleNodeOptions
            {
                Engine = new GrainEngineOptions { CheckMessages = true, DrainLimit = TimeSpan.FromSeconds(_isMortal ? 1 : 20), OnFault = fault => errors.Enqueue(fault.Exception) },
                OnHandledError = (_, error) => errors.Enqueue(error),
            },
            _isMortal ? new FastTime() : TimeProvider.System);
        var ports = new GatewayPorts(_host.Grains, _host.Log, _host.Definitions, _time, NoStepObserver.Instance);
        _tenants = new GatewayServices(ports).Tenants;
        await _tenants.BootstrapAsync(GatewayFixture.OperatorKey, CancellationToken.None);
        if (_isMortal) await _tenants.ResumeAsync(CancellationToken.None);
        var definitions = (await _host.Definitions.GetAsync(Tenant, CancellationToken.None))!;
        _ingest = new IngestService(ports, new CustomerFinder(ports));
        _caller = new Caller(definitions.Config.Keys[0].Key, true, definitions, new IdentifierResolver(definitions.Config, new IdentifierCache()));
    }

    private async Task StopAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        _host = null;

        // Who may die has no time to stop in order, and says so; what it did not end the next one does.
        if (!_isMortal) Assert.Empty(_errors);
    }
}
