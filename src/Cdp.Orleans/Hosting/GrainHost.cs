using System.Collections.Frozen;
using System.Reflection;
using Cdp.Grains.Ports;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using DeactivationReason = Orleans.DeactivationReason;
using IGrainContext = Orleans.Runtime.IGrainContext;
using PlainContext = Cdp.Grains.Ports.IGrainContext;
using PlainLifecycle = Cdp.Grains.Ports.IGrainLifecycle;
using PlainReason = Cdp.Grains.Ports.DeactivationReason;
using PlainTimer = Cdp.Grains.Ports.IGrainTimer;
using PlainType = Cdp.Grains.Ports.GrainType;

namespace Cdp.Orleans.Hosting;

/// <summary>
/// An Orleans activation that hosts plain grains, one after the other: a plain grain that failed or gave itself up is
/// replaced by a new one, which loads again, while the activation and the calls that wait for it stay. A class of each kind
/// derives from it and forwards calls.
/// </summary>
/// <typeparam name="TGrain">The plain interface.</typeparam>
/// <remarks>
/// Ending the activation instead would have Orleans route its waiting calls anew, in no order and some to nowhere. Orleans
/// lets every call in at once; which of them run beside each other is decided here, by what the plain interface says. Why:
/// docs/decisions/0012-cluster-engine.md.
/// </remarks>
[Reentrant]
public abstract class GrainHost<TGrain> : IGrainBase, IIncomingGrainCallFilter, IResident
    where TGrain : class
{
    private static readonly FrozenSet<string> Interleaving =
        typeof(TGrain).GetMethods().Where(m => m.GetCustomAttribute<InterleavesAttribute>() is not null).Select(m => m.Name).ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Plainly = typeof(TGrain).GetMethods().Select(m => m.Name).ToFrozenSet(StringComparer.Ordinal);

    private readonly GrainHosting _hosting;
    private readonly IGrainFactory _grains;
    private readonly PlainType _type;
    private readonly CallGate _gate = new();
    private Tenure? _tenure;
    private Task? _loading;
    private long _lastUsed;
    private int _running;

    /// <summary>Hosts one grain.</summary>
    /// <param name="context">The activation.</param>
    /// <param name="services">The silo's services.</param>
    protected GrainHost(IGrainContext context, IServiceProvider services)
    {
        (GrainContext, Services) = (context, services);
        _hosting = services.GetRequiredService<GrainHosting>();
        _grains = services.GetRequiredService<IGrainFactory>();
        _type = _hosting.TypeOf(typeof(TGrain));
    }

    /// <inheritdoc/>
    public IGrainContext GrainContext { get; }

    PlainType IResident.Type => _type;

    bool IResident.IsBusy => Volatile.Read(ref _running) > 0;

    long IResident.LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>The silo's services.</summary>
    protected IServiceProvider Services { get; }

    /// <summary>The plain grain, within a call.</summary>
    protected TGrain Plain => _tenure!.Grain!;

    /// <inheritdoc/>
    public virtual Task OnActivateAsync(CancellationToken token)
    {
        _lastUsed = _hosting.Time.GetTimestamp();
        if (!_type.Collectable) Services.GetRequiredService<IGrainRuntime>().DelayDeactivation(GrainContext, Timeout.InfiniteTimeSpan);
        _hosting.Residents.Add(this);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public virtual async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token)
    {
        try
        {
            if (_tenure is { Abandoned: false, Grain: PlainLifecycle lifecycle } && ReasonOf(reason.ReasonCode) is { } why) await lifecycle.DeactivateAsync(why, token);
        }
        catch (Exception e)
        {
            // What was not saved is loaded as it was stored.
            _hosting.Report(_type.Kind, "deactivation", e);
        }
        finally
        {
            _hosting.Residents.Remove(this);
        }
    }

    /// <summary>Sees to it that a call meets a loaded grain, and gives a grain up in which an exclusive call failed.</summary>
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Volatile.Write(ref _lastUsed, _hosting.Time.GetTimestamp());
        Volatile.Write(ref _running, _running + 1);
        try
        {
            await (Plainly.Contains(context.MethodName) ? InvokePlainAsync(context) : context.Invoke());
        }
        finally
        {
            Volatile.Write(ref _running, _running - 1);
        }
    }

    private async Task InvokePlainAsync(IIncomingGrainCallContext context)
    {
        var token = context.Request.GetCancellationToken();
        if (Interleaving.Contains(context.MethodName))
        {
            await LoadedAsync(token);
            await context.Invoke();
            return;
        }

        await _gate.EnterAsync(token);
        try
        {
            await LoadedAsync(token);
            var tenure = _tenure!;
            try
            {
                await context.Invoke();
            }
            catch (Exception)
            {
                tenure.Abandon();
                throw;
            }
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>Waits until the plain grain is loaded; a call that was cancelled meanwhile never begins.</summary>
    /// <param name="cancellationToken">The call's.</param>
    protected async ValueTask LoadedAsync(CancellationToken cancellationToken)
    {
        while (_tenure is not { Abandoned: false, Grain: not null }) await (_loading ??= LoadAsync());
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>What a plain grain is told of a deactivation; null: its memory is not to be trusted, and nothing is saved.</summary>
    private static PlainReason? ReasonOf(DeactivationReasonCode code) => code switch
    {
        DeactivationReasonCode.ActivationIdle => PlainReason.Idle,
        DeactivationReasonCode.HighMemoryPressure => PlainReason.Memory,
        DeactivationReasonCode.ShuttingDown or DeactivationReasonCode.RuntimeRequested or DeactivationReasonCode.ApplicationRequested or DeactivationReasonCode.Migrating => PlainReason.Shutdown,
        _ => null,
    };

    /// <summary>Loads a new plain grain; a failure is told to all who wait for it, and the next call tries again.</summary>
    private async Task LoadAsync()
    {
        // Not before the caller has noted that this runs.
        await Task.Yield();
        try
        {
            _tenure?.End();
            var tenure = new Tenure(this);
            _tenure = tenure;
            var grain = (TGrain)_type.Create(tenure);
            if (grain is PlainLifecycle lifecycle) await lifecycle.ActivateAsync(CancellationToken.None);
            if (tenure.Abandoned) throw new GrainUnavailableException($"The {_type.Kind} grain gave itself up while it loaded. Send the call again.");
            tenure.Grain = grain;
        }
        finally
        {
            _loading = null;
        }
    }

    /// <summary>The time of one plain grain in the activation; what the grain knows of its engine.</summary>
    private sealed class Tenure(GrainHost<TGrain> host) : PlainContext
    {
        private readonly List<HostedTimer> _timers = [];
        private volatile bool _abandoned;

        public string Key { get; } = host.GrainContext.GrainId.Key.ToString()!;

        public TimeProvider Time => host._hosting.Time;

        public IGrains Grains { get; } = new ClusterGrains(host._hosting, host._grains, host._type);

        /// <summary>Whether its memory is not to be trusted.</summary>
        public bool Abandoned => _abandoned;

        /// <summary>The grain; null: it is not loaded.</summary>
        public TGrain? Grain { get; set; }

        public PlainTimer CreateTimer(Func<CancellationToken, ValueTask> callback)
        {
            var timer = new HostedTimer(host, Time, (timer, token) => RunAsync(timer, callback, token));
            _timers.Add(timer);
            return timer;
        }

        private async Task RunAsync(HostedTimer timer, Func<CancellationToken, ValueTask> callback, CancellationToken token)
        {
            await host._gate.EnterAsync(token);
            try
            {
                if (!Abandoned && timer.Begins()) await callback(token);
            }
            catch (Exception e)
            {
                host._hosting.Report(host._type.Kind, "timer", e);
                Abandon();
            }
            finally
            {
                host._gate.Leave();
            }
        }

        public void Abandon()
        {
            if (!_abandoned) host._hosting.Metrics.Dropped(host._type.Kind);
            _abandoned = true;
        }

        /// <summary>Another took its place.</summary>
        public void End()
        {
            _abandoned = true;
            foreach (var timer in _timers) timer.Dispose();
        }
    }
}
