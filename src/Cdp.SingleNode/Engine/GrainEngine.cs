using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Engine;

/// <summary>
/// Runs grains in this process: one activation per key, made at the first call, one call at a time, ended when idle or
/// when memory presses.
/// </summary>
/// <remarks>
/// The rules a grain can rely on (turns, order, failures, cancellation) are the engine contract suite; the choices behind
/// them stand in <c>docs/decisions/0002-single-node-engine.md</c>.
/// </remarks>
public sealed class GrainEngine : IAsyncDisposable
{
    private readonly CancellationTokenSource _aborting = new();
    private readonly ITimer _ticker;
    private readonly Lock _stopGate = new();
    private readonly IReadOnlyList<GrainKind> _callersFirst;
    private Task? _stopped;
    private int _now;
    private int _ticking;
    private bool _stopping;

    /// <summary>Starts an engine.</summary>
    /// <param name="options">Its settings.</param>
    /// <param name="types">The kinds of grains; interfaces and kinds are unique, and their calls form no cycle.</param>
    /// <param name="time">The clock of the engine and of its grains.</param>
    /// <exception cref="ArgumentException">A kind cannot be hosted; the message says which and why.</exception>
    public GrainEngine(GrainEngineOptions options, IEnumerable<GrainType> types, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(types);
        ArgumentNullException.ThrowIfNull(time);
        options.Validate();
        Options = options;
        Time = time;
        Aborting = _aborting.Token;
        Timers = new TimerWheel(time);
        Collector = new Collector(this);
        Kinds = MakeKinds(types);
        _callersFirst = GrainTopology.CallersFirst(Kinds);
        foreach (var kind in Kinds)
            kind.Scope = new GrainScope(Kinds, kind);
        Grains = new GrainScope(Kinds, caller: null);
        Metrics = new EngineMetrics(this);
        var tick = TimeSpan.FromSeconds(1.0 / TimerWheel.TicksPerSecond);
        _ticker = time.CreateTimer(static engine => ((GrainEngine)engine!).Tick(), this, tick, tick);
    }

    /// <summary>Reaches grains from outside, without the one-way rules.</summary>
    public IGrains Grains { get; }

    internal GrainEngineOptions Options { get; }

    internal TimeProvider Time { get; }

    internal TimerWheel Timers { get; }

    internal Collector Collector { get; }

    internal EngineMetrics Metrics { get; }

    internal IReadOnlyList<GrainKind> Kinds { get; }

    /// <summary>Cancelled when a stop gives up waiting.</summary>
    internal CancellationToken Aborting { get; }

    /// <summary>Whole seconds since the start, as of the last tick.</summary>
    internal int Now => Volatile.Read(ref _now);

    internal bool IsStopping => Volatile.Read(ref _stopping);

    /// <summary>Reads the counts of each kind.</summary>
    public IReadOnlyList<GrainKindStatistics> Statistics() => [.. Kinds.Select(kind => kind.Statistics())];

    /// <summary>
    /// Deactivates what is idle and what exceeds the ceilings now, instead of within a second; returns when the grains
    /// have saved.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting; the deactivations go on.</param>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        while (!Collector.SweepIdle())
        {
        }

        Collector.Trim();
        // Those that a sweep of the ticker began are waited for too.
        var ended = Kinds.SelectMany(kind => kind.Activations).Select(activation => activation.Deactivating);
        await Task.WhenAll(ended).WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Stops in order: new calls from outside are refused with <see cref="GrainUnavailableException"/>, calls under way
    /// and queued are finished, then every grain saves, callers before what they call. A kind that is not done within
    /// <see cref="GrainEngineOptions.DrainLimit"/> saves what is not in the middle of a call; what is left after
    /// another such time is dropped and its calls are refused. Stopping again waits for the same stop.
    /// </summary>
    public Task StopAsync()
    {
        lock (_stopGate)
        {
            Volatile.Write(ref _stopping, true);
            return _stopped ??= DrainAsync();
        }
    }

    /// <summary>Stops and frees the engine's timer and instruments.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _ticker.DisposeAsync();
        Metrics.Dispose();
        _aborting.Dispose();
    }

    internal static GrainUnavailableException Unavailable() => new("The engine is stopping and takes no more calls; send the call again once it runs.");

    internal void Report(GrainKind kind, string during, Exception exception) =>
        Options.OnFault?.Invoke(new GrainFault(kind.Kind, during, exception));

    /// <summary>
    /// Watches a transition that nobody awaits. It handles whatever the grain throws, so that only a bug of the engine or
    /// of the fault handler fails it; an activation would then hang for ever, which is worse than an end.
    /// </summary>
    internal static void Observe(Task transition)
    {
        if (transition.IsCompletedSuccessfully)
            return;
        _ = transition.ContinueWith(
            static task => Environment.FailFast("A transition of the grain engine failed.", task.Exception),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private List<GrainKind> MakeKinds(IEnumerable<GrainType> types)
    {
        var emitter = new ReferenceEmitter();
        var checks = Options.CheckMessages ? new MessageChecks() : null;
        var kinds = new List<GrainKind>();
        foreach (var type in types)
        {
            if (kinds.Exists(other => other.Kind == type.Kind || other.Interface == type.Interface))
                throw new ArgumentException($"Grain kind '{type.Kind}' or its interface {type.Interface.Name} is registered twice.", nameof(types));
            kinds.Add(new GrainKind(this, type, emitter, checks));
        }

        return kinds;
    }

    private void Tick()
    {
        // A tick that takes long has the next ones' work done by the one after it.
        if (Interlocked.Exchange(ref _ticking, 1) != 0)
            return;
        var ticks = Timers.ElapsedTicks;
        var second = (int)(ticks / TimerWheel.TicksPerSecond);
        var isNew = second != Now;
        Volatile.Write(ref _now, second);
        Timers.Advance(ticks);
        if (!IsStopping)
        {
            Collector.SweepIdle();
            if (isNew)
                Collector.Trim();
        }

        Volatile.Write(ref _ticking, 0);
    }

    private async Task DrainAsync()
    {
        // Off the stopper's thread and context, which may be a grain's.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        foreach (var kind in _callersFirst)
        {
            if (!await DrainKindAsync(kind, force: false) && !await DrainKindAsync(kind, force: true))
            {
                await _aborting.CancelAsync();
                foreach (var activation in kind.Activations)
                    activation.Abort(Unavailable());
                kind.Close();
            }
        }
    }

    private async Task<bool> DrainKindAsync(GrainKind kind, bool force)
    {
        using var expiry = new CancellationTokenSource(Options.DrainLimit, Time);
        try
        {
            // A call that came before the stop may make an activation while others end; from inside, callers are gone.
            while (kind.Count > 0)
            {
                var ended = kind.Activations.Select(activation => activation.DeactivateWhenIdle(DeactivationReason.Shutdown, force));
                await Task.WhenAll(ended).WaitAsync(expiry.Token);
            }
        }
        catch (OperationCanceledException) when (expiry.IsCancellationRequested)
        {
            return false;
        }

        kind.Close();
        return true;
    }
}
