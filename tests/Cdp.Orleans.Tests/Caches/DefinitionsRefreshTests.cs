using Cdp.Domain.Tenants;
using Cdp.EngineContract;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Grains.Refolds;
using Cdp.Grains.Tenants;
using Cdp.Grains.V1;
using Cdp.Orleans.Caches;
using Cdp.Orleans.Hosting;
using Cdp.StorageContract;
using Google.Protobuf;

namespace Cdp.Orleans.Tests.Caches;

/// <summary>A silo sees to it that no sweep stands still for long, whatever became of the silo that had it.</summary>
public sealed class DefinitionsRefreshTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sweeps_are_called_once_an_hour_but_of_tenants_that_are_being_deleted()
    {
        var (states, time, sweeps) = (new MemoryStateStore(), new ManualTime(), new Sweeps());
        foreach (var tenant in (string[])["shop", "leaving"])
        {
            var config = TenantDefaults.NewConfig(tenant, new byte[32]);
            if (tenant == "leaving") config.Tenant.Deletion = new Cdp.V1.TenantDeletion { TenantId = tenant };
            await states.WriteAsync(TenantGrain.StateKind, tenant, config.ToByteArray(), null, Cancel);
        }

        var definitions = new DefinitionsCache(states);
        foreach (var tenant in (string[])["shop", "leaving"]) await definitions.GetAsync(tenant, Cancel);
        using var hosting = new GrainHosting([], time, [], new GrainHostingOptions());
        using var refresh = new DefinitionsRefresh(definitions, sweeps, hosting);
        var silo = new Lifecycle();
        refresh.Participate(silo);
        await silo.Observer!.OnStart(Cancel);

        // A round that is not over yet when the next is due takes both, so an hour of rounds may take longer, never less.
        var rounds = 0;
        for (; !sweeps.Called.Task.IsCompleted; rounds++)
        {
            time.Advance(DefinitionsRefresh.Interval);
            await Task.Yield();
            Cancel.ThrowIfCancellationRequested();
        }

        Assert.True(rounds >= 360, $"It came after {rounds} rounds.");
        Assert.Equal(("shop", false), await sweeps.Called.Task);
        await silo.Observer.OnStop(Cancel);
        Assert.Equal(1, sweeps.Count);
    }

    private sealed class Sweeps : IGrains, IRefoldSweep
    {
        private string _key = "";

        public TaskCompletionSource<(string Key, bool Again)> Called { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count { get; private set; }

        public TGrain Get<TGrain>(string key)
            where TGrain : class
        {
            _key = key;
            return (TGrain)(object)this;
        }

        public ValueTask<SweepReply> Sweep(SweepRequest request, CancellationToken cancellationToken)
        {
            Count++;
            Called.TrySetResult((_key, request.Again));
            return new(new SweepReply());
        }

        public ValueTask<SweepReply> GetProgress(SweepRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class Lifecycle : ISiloLifecycle
    {
        public ILifecycleObserver? Observer { get; private set; }

        public int HighestCompletedStage => 0;

        public int LowestStoppedStage => 0;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            Observer = observer;
            return new Subscription();
        }

        private sealed class Subscription : IDisposable
        {
            public void Dispose()
            {
            }
        }
    }
}
