namespace Cdp.EngineContract;

/// <summary>Base of the suites: an engine per test, ended with it.</summary>
public abstract class EngineSuite : IAsyncLifetime
{
    /// <summary>A test that waits longer than this hangs; milliseconds.</summary>
    protected const int Hangs = 60_000;

    private IEngineUnderTest? _engine;

    protected ScriptedWorld World { get; } = new();

    protected ManualTime Time { get; } = new();

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    protected IEngineUnderTest Engine
    {
        get
        {
            if (_engine is null) Start();
            return _engine!;
        }
    }

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
            await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes the engine under test.</summary>
    /// <param name="types">Its kinds.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="maxActivations">Its ceiling of activations; null: its default.</param>
    protected abstract IEngineUnderTest CreateEngine(IEnumerable<Cdp.Grains.Ports.GrainType> types, TimeProvider time, int? maxActivations);

    /// <summary>
    /// Makes this test's engine, unless its first use is to do so. Tests that call from many threads begin with it: an engine
    /// may need those threads to start.
    /// </summary>
    protected void Start(TimeSpan? idleAfter = null, bool collectable = true, int? maxActivations = null) =>
        _engine = CreateEngine(World.Types(idleAfter, collectable), Time, maxActivations);

    protected IScripted Scripted(string key) => Engine.Grains.Get<IScripted>(key);

    protected void Script(string name, Script script) => World.Scripts[name] = script;

    protected void Script(string name, Func<ScriptedGrain, long> script) =>
        World.Scripts[name] = (grain, _) => ValueTask.FromResult(script(grain));

    /// <summary>Something that a script waits for and another thread completes.</summary>
    protected static TaskCompletionSource<long> NewGate() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
