using System.Globalization;
using Cdp.Domain.Decisions;
using Cdp.Grains.Ports;
using Cdp.Grains.Tenants;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.StorageContract;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Grains.Tests.Tenants;

/// <summary>The log of a tenant's actions and placements leads to its configuration, whatever write a crash came between.</summary>
public sealed class DefinitionLogTests
{
    private const string Tenant = "t";

    private readonly MemoryStateStore _states = new();
    private readonly MemoryHistory _history = new();
    private readonly Fuse _fuse = new();
    private readonly Listener _listener = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_crash_kept_out_of_the_log_is_appended_before_anything_else()
    {
        var tenant = await TenantAsync();
        await PutAsync(tenant, "a", "first");
        _fuse.Restart(lastWrite: 2);
        await Assert.ThrowsAsync<ProcessDiedException>(() => PutAsync(tenant, "a", "second"));
        _fuse.Restart();
        Assert.Equal((2, 1), ((await StoredAsync()).DecisionsVersion, await _history.LengthAsync("t/definitions", Cancel)));

        tenant = await StartAsync();

        Assert.Equal(2, await _history.LengthAsync("t/definitions", Cancel));
        Assert.Equal("second", (await ReadAsync(tenant, 2))!.Actions[0].Action.DisplayName);
        Assert.Equal("first", (await ReadAsync(tenant, 1))!.Actions[0].Action.DisplayName);
        Assert.Null(await ReadAsync(tenant, 3));
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_ends_the_activation_and_the_next_one_makes_good_and_tells_the_node()
    {
        var tenant = await TenantAsync();
        _history.Broken = true;
        await Assert.ThrowsAsync<IOException>(() => PutAsync(tenant, "a", "first"));
        Assert.True(tenant.Abandoned);
        _history.Broken = false;

        tenant = await StartAsync();

        Assert.Equal("first", (await ReadAsync(tenant, 1))!.Actions[0].Action.DisplayName);
        Assert.Equal((await StoredAsync()).Version, _listener.Version);
        await PutAsync(tenant, "a", "second");
        Assert.Equal(2, await _history.LengthAsync("t/definitions", Cancel));
    }

    [Fact]
    public async Task An_activation_that_was_overtaken_gives_itself_up_and_leaves_the_log_alone()
    {
        var first = await TenantAsync();
        var second = await StartAsync();
        await PutAsync(second, "a", "second's");
        await Assert.ThrowsAsync<OwnershipLostException>(() => PutAsync(first, "a", "first's"));
        Assert.True(first.Abandoned);
        Assert.Equal(1, await _history.LengthAsync("t/definitions", Cancel));
        Assert.Equal("second's", (await ReadAsync(await StartAsync(), 1))!.Actions[0].Action.DisplayName);
    }

    [Fact]
    public async Task Whatever_write_the_process_dies_at_the_log_leads_to_the_configuration_and_versions_stay_what_they_were()
    {
        var random = new Random(11);
        var tenant = await TenantAsync();
        var versions = new Dictionary<long, DecisionDefinitions>();
        var deaths = 0;
        for (var step = 0; step < 400; step++)
        {
            if (random.Next(3) == 0) _fuse.Restart(random.Next(1, 4), reachesStore: random.Next(2) == 0);
            try
            {
                await ChangeAsync(tenant, RandomChange(random));
            }
            catch (ProcessDiedException)
            {
                deaths++;
                tenant = await RecoverAsync(random);
            }

            if (_fuse.Blown) tenant = await RecoverAsync(random);
            var config = await StoredAsync();
            Assert.Equal(config.DecisionsVersion, await _history.LengthAsync("t/definitions", Cancel));
            Assert.Equal(DecisionHistory.Of(config), await ReadAsync(tenant, config.DecisionsVersion));
            versions.TryAdd(config.DecisionsVersion, DecisionHistory.Of(config));
            var past = random.NextInt64(config.DecisionsVersion + 1);
            if (versions.TryGetValue(past, out var known)) Assert.Equal(known, await ReadAsync(tenant, past));
        }

        Assert.InRange(deaths, 40, 400);
        Assert.InRange(versions.Count, 100, 401);
    }

    [Fact]
    public async Task A_log_of_more_bytes_than_are_read_at_once_leads_to_every_version()
    {
        const int versions = 330;
        var tenant = await TenantAsync();
        var filler = ByteString.CopyFrom(new byte[16_000]);
        for (var i = 1; i <= versions; i++)
        {
            var action = Action("a", i.ToString(CultureInfo.InvariantCulture));
            action.Payloads.Add(new Payload { Channel = "web", Data = filler });
            await ChangeAsync(tenant, new ChangeTenantRequest { PutAction = action });
        }

        foreach (var version in (long[])[1, 100, 261, 262, 263, versions - 1, versions])
            Assert.Equal(version.ToString(CultureInfo.InvariantCulture), (await ReadAsync(tenant, version))!.Actions[0].Action.DisplayName);
        Assert.Null(await ReadAsync(tenant, versions + 1));
    }

    /// <summary>Starts again, perhaps to die at once over what the crash before left to do.</summary>
    private async Task<TestActivation<TenantGrain>> RecoverAsync(Random random)
    {
        _fuse.Restart(random.Next(2) == 0 ? 1 : int.MaxValue, reachesStore: random.Next(2) == 0);
        try
        {
            await StartAsync();
        }
        catch (ProcessDiedException)
        {
        }

        _fuse.Restart();
        return await StartAsync();
    }

    private static ChangeTenantRequest RandomChange(Random random)
    {
        var id = random.Next(4).ToString(CultureInfo.InvariantCulture);
        return random.Next(6) switch
        {
            0 => new ChangeTenantRequest { DeleteAction = new DeleteActionRequest { Id = id } },
            1 => new ChangeTenantRequest { PutPlacement = new Placement { Id = id, Channel = "web", Slots = random.Next(1, 5) } },
            2 => new ChangeTenantRequest { PutPurpose = new Purpose { Id = $"p{id}", Description = $"{random.Next()}" } },
            _ => new ChangeTenantRequest { PutAction = Action(id, $"{random.Next()}") },
        };
    }

    private static Cdp.V1.Action Action(string id, string name) => new() { Id = id, DisplayName = name };

    private async Task<TestActivation<TenantGrain>> TenantAsync()
    {
        var tenant = await StartAsync();
        await ChangeAsync(tenant, new ChangeTenantRequest { PutTenant = new Tenant { Id = Tenant }, IdentityKey = ByteString.CopyFrom(new byte[32]) });
        return tenant;
    }

    private Task<TestActivation<TenantGrain>> StartAsync() => TestActivation<TenantGrain>.StartAsync(
        Tenant, new NoGrains(), context => new TenantGrain(context, new FusedStateStore(_states, _fuse), new FusedHistory(_history, _fuse), _listener, NoStepObserver.Instance));

    private async Task<TenantConfig> StoredAsync() => TenantConfig.Parser.ParseFrom((await _states.ReadAsync(TenantGrain.StateKind, Tenant, Cancel)).Value.Span);

    private static Task PutAsync(TestActivation<TenantGrain> tenant, string id, string name) => ChangeAsync(tenant, new ChangeTenantRequest { PutAction = Action(id, name) });

    private static async Task ChangeAsync(TestActivation<TenantGrain> tenant, ChangeTenantRequest change)
    {
        var reply = await tenant.Call(grain => grain.Change(change, Cancel));
        Assert.True(reply.RefusedReason is "" or "ACTION_UNKNOWN", reply.RefusedMessage);
    }

    private static async Task<DecisionDefinitions?> ReadAsync(TestActivation<TenantGrain> tenant, long version) =>
        (await tenant.Call(grain => grain.ReadDefinitions(new ReadDefinitionsRequest { Version = version }, Cancel))).Definitions;

    /// <summary>Hears of the newest configuration.</summary>
    private sealed class Listener : IDefinitionsListener
    {
        public long Version { get; private set; }

        public void Changed(TenantConfig config) => Version = config.Version;
    }
}
