using PlainType = Cdp.Grains.Ports.GrainType;

namespace Cdp.Orleans.Hosting;

/// <summary>What a silo's grains are made of: their kinds, the clock, and the Orleans interface of each plain one.</summary>
internal sealed class GrainHosting : IDisposable
{
    private readonly Dictionary<Type, PlainType> _types;
    private readonly Dictionary<Type, Type> _hosted;
    private int _stopping;

    /// <summary>Names the kinds.</summary>
    /// <param name="types">The kinds.</param>
    /// <param name="time">The clock of the grains.</param>
    /// <param name="interfaces">Orleans interfaces, each of which extends the plain interface of a kind.</param>
    /// <param name="options">Settings.</param>
    public GrainHosting(IReadOnlyList<PlainType> types, TimeProvider time, IEnumerable<Type> interfaces, GrainHostingOptions options)
    {
        Time = time;
        Options = options;
        Types = types;
        _types = types.ToDictionary(type => type.Interface);
        _hosted = interfaces
            .Select(hosted => (Plain: hosted.GetInterfaces().FirstOrDefault(_types.ContainsKey), Hosted: hosted))
            .Where(pair => pair.Plain is not null).ToDictionary(pair => pair.Plain!, pair => pair.Hosted);
        foreach (var type in types)
        {
            if (!_hosted.ContainsKey(type.Interface)) throw new ArgumentException($"Grain kind '{type.Kind}' has no Orleans interface that extends {type.Interface.Name}.", nameof(interfaces));
        }

        Residents = new Residents(this);
        Metrics = new HostingMetrics(this);
    }

    /// <summary>Settings.</summary>
    public GrainHostingOptions Options { get; }

    /// <summary>The clock of the grains.</summary>
    public TimeProvider Time { get; }

    /// <summary>All kinds.</summary>
    public IReadOnlyList<PlainType> Types { get; }

    /// <summary>The activations of this silo.</summary>
    public Residents Residents { get; }

    /// <summary>What they count.</summary>
    public HostingMetrics Metrics { get; }

    /// <summary>Whether calls from outside are refused.</summary>
    public bool IsStopping
    {
        get => Volatile.Read(ref _stopping) != 0;
        set => Volatile.Write(ref _stopping, value ? 1 : 0);
    }

    /// <summary>The kind of a plain interface.</summary>
    public PlainType TypeOf(Type plain) => _types[plain];

    /// <summary>A reference to a grain, by its plain interface.</summary>
    public TGrain Get<TGrain>(IGrainFactory grains, string key)
        where TGrain : class => (TGrain)(object)grains.GetGrain(_hosted[typeof(TGrain)], key);

    /// <inheritdoc/>
    public void Dispose()
    {
        Metrics.Dispose();
        Residents.Dispose();
    }

    /// <summary>Tells the operator of an exception that no caller awaits.</summary>
    public void Report(string kind, string during, Exception error)
    {
        Metrics.Failed(kind);
        Options.OnFault?.Invoke(kind, during, error);
    }
}
