using System.Collections.Concurrent;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Services;

namespace Cdp.Orleans.Caches;

/// <summary>Tells all other silos what this one has changed.</summary>
/// <param name="services">The silo's services.</param>
/// <param name="members">Who is in the cluster.</param>
/// <param name="local">This silo.</param>
/// <param name="models">This silo's models.</param>
/// <param name="time">The clock.</param>
public sealed class SiloNewsClient(IServiceProvider services, IClusterMembershipService members, ILocalSiloDetails local, ModelsCache models, TimeProvider time)
    : GrainServiceClient<ISiloNews>(services), IModelsListener
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly IServiceProvider _services = services;
    private readonly ConcurrentDictionary<(string Tenant, uint Placement, SiloAddress Silo), Courier> _couriers = new();

    private IEnumerable<SiloAddress> Others => members.CurrentSnapshot.Members.Values
        .Where(member => member.Status == SiloStatus.Active && !member.SiloAddress.Equals(local.SiloAddress)).Select(member => member.SiloAddress);

    /// <summary>
    /// Tells the silos of a configuration; returns when they know it. One that does not answer within two seconds reads it
    /// later, and what it does until then is looked at again (<see cref="DefinitionsRefresh"/>).
    /// </summary>
    public async Task TellAsync(TenantConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var told = await Task.WhenAll(Others.Select(silo => TryAsync(silo, news => news.ConfigChanged(config))));
        if (!Array.TrueForAll(told, known => known)) _services.GetRequiredService<DefinitionsRefresh>().Missed(config.Tenant.Id);
    }

    /// <summary>
    /// Tells the silos of what a model learned, without waiting: to each silo one message of a model is under way, and the
    /// newest follows.
    /// </summary>
    public void Learned(string tenant, ModelState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        models.Learned(tenant, state);
        SiloAddress[] others = [.. Others];
        foreach (var gone in _couriers.Keys.Where(courier => courier.Tenant == tenant && courier.Placement == state.Placement && !others.Contains(courier.Silo)))
            _couriers.TryRemove(gone, out _);
        foreach (var silo in others)
            _couriers.GetOrAdd((tenant, state.Placement, silo), static (_, deliver) => new Courier(deliver), (ModelState newest) => TryAsync(silo, news => news.ModelLearned(tenant, newest))).Post(state);
    }

    /// <returns>False: it may not have heard. It dies, or hears of the next; configurations are read again from time to time.</returns>
    private async Task<bool> TryAsync(SiloAddress silo, Func<ISiloNews, ValueTask> tell)
    {
        try
        {
            await tell(GetGrainService(silo)).AsTask().WaitAsync(Patience, time);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <summary>Carries the newest of a model to one silo.</summary>
    private sealed class Courier(Func<ModelState, Task> deliver)
    {
        private ModelState? _next;
        private int _underWay;

        public void Post(ModelState state)
        {
            Volatile.Write(ref _next, state);
            if (Interlocked.Exchange(ref _underWay, 1) == 0) _ = RunAsync();
        }

        private async Task RunAsync()
        {
            while (true)
            {
                while (Interlocked.Exchange(ref _next, null) is { } state) await deliver(state);
                Volatile.Write(ref _underWay, 0);

                // Posted between the two lines above.
                if (Volatile.Read(ref _next) is null || Interlocked.Exchange(ref _underWay, 1) != 0) return;
            }
        }
    }
}
