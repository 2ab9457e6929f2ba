using System.Collections.Concurrent;
using System.Reflection;
using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Engine;

/// <summary>Everything the engine holds for one kind of grain: its methods, its live activations, its counts.</summary>
internal sealed class GrainKind
{
    private readonly ConcurrentDictionary<string, Activation> _activations = new(StringComparer.Ordinal);
    private readonly StripedCounter _calls = new();
    private readonly long[] _deactivated = new long[Enum.GetValues<DeactivationReason>().Length];
    private readonly GrainType _type;
    private readonly Func<GrainReference> _createReference;
    private long _created;
    private long _dropped;
    private bool _closed;

    internal GrainKind(GrainEngine engine, GrainType type, ReferenceEmitter emitter, MessageChecks? checks)
    {
        Engine = engine;
        _type = type;
        IdleSeconds = (int)Math.Min(Math.Ceiling((type.IdleAfter ?? engine.Options.IdleAfter).TotalSeconds), int.MaxValue / 2);
        var methods = GrainInterface.Methods(type.Interface);
        var emitted = emitter.Emit(type.Interface, methods);
        _createReference = emitted.Create;
        Methods = [.. methods.Select((method, i) => MakeMethod(method, emitted.Calls[i], checks))];
    }

    internal GrainEngine Engine { get; }

    internal string Kind => _type.Kind;

    internal Type Interface => _type.Interface;

    internal IReadOnlyList<Type> Calls => _type.Calls;

    /// <summary>What grains of this kind may call; set once all kinds are known.</summary>
    internal IGrains Scope { get; set; } = null!;

    internal GrainMethod[] Methods { get; }

    internal ActivateTurn Activate { get; } = new();

    internal LruList Lru { get; } = new();

    internal int IdleSeconds { get; }

    internal int Count => _activations.Count;

    internal ICollection<Activation> Activations => _activations.Values;

    internal object Create(Activation activation)
    {
        var grain = _type.Create(activation);
        return _type.Interface.IsInstanceOfType(grain)
            ? grain
            : throw new InvalidOperationException($"The factory of grain kind '{Kind}' made a {grain?.GetType().Name ?? "null"}, which is no {_type.Interface.Name}.");
    }

    /// <summary>A reference to the grain; the one its activation holds, if there is one.</summary>
    internal GrainReference Get(string key)
    {
        if (_activations.TryGetValue(key, out var live))
            return live.Reference;
        var reference = _createReference();
        reference.Bind(this, key);
        return reference;
    }

    /// <exception cref="GrainUnavailableException">The kind was closed by a stop.</exception>
    internal Activation GetOrCreate(GrainReference reference)
    {
        while (true)
        {
            if (_activations.TryGetValue(reference.Key, out var live))
                return live;
            if (Volatile.Read(ref _closed))
                throw GrainEngine.Unavailable();
            var fresh = new Activation(this, reference.Key, reference);
            if (!_activations.TryAdd(reference.Key, fresh))
                continue;
            CountCreated(fresh);
            return fresh;
        }
    }

    internal void Replace(Activation ended, Activation successor)
    {
        _activations[ended.Key] = successor;
        CountCreated(successor);
    }

    internal void Remove(Activation ended) =>
        _activations.TryRemove(new KeyValuePair<string, Activation>(ended.Key, ended));

    /// <summary>Makes no more activations.</summary>
    internal void Close() => Volatile.Write(ref _closed, true);

    /// <summary>Counts a call; true for the few whose time is measured (one in 64).</summary>
    internal bool CountCall() => (_calls.Add(1) & 63) == 0;

    internal void CountEnd(EndReason how, DeactivationReason? reason)
    {
        if (how == EndReason.Deactivated && reason is { } known)
            Interlocked.Increment(ref _deactivated[(int)known]);
        else
            Interlocked.Increment(ref _dropped);
    }

    internal GrainKindStatistics Statistics() => new(
        Kind,
        Count,
        CountWaiting(),
        _calls.Value,
        Interlocked.Read(ref _created),
        Interlocked.Read(ref _deactivated[(int)DeactivationReason.Idle]),
        Interlocked.Read(ref _deactivated[(int)DeactivationReason.Memory]),
        Interlocked.Read(ref _deactivated[(int)DeactivationReason.Shutdown]),
        Interlocked.Read(ref _dropped));

    /// <summary>Adds up the mailboxes, so that no call pays for a common counter.</summary>
    private long CountWaiting()
    {
        var sum = 0L;
        foreach (var (_, activation) in _activations)
            sum += activation.Waiting;
        return sum;
    }

    private void CountCreated(Activation activation)
    {
        Interlocked.Increment(ref _created);
        if (!_type.Collectable)
            return;
        Lru.Add(activation);
        Engine.Collector.NoteCreated();
    }

    private static GrainMethod MakeMethod(MethodInfo method, Delegate call, MessageChecks? checks)
    {
        var make = typeof(GrainKind).GetMethod(nameof(MakeTypedMethod), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(GrainInterface.Request(method), GrainInterface.Reply(method));
        return (GrainMethod)make.Invoke(null, [method, call, checks])!;
    }

    private static GrainMethod<TRequest, TReply> MakeTypedMethod<TRequest, TReply>(MethodInfo method, Delegate call, MessageChecks? checks)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TReply : class, Google.Protobuf.IMessage<TReply> =>
        new GrainMethod<TRequest, TReply>((Func<object, TRequest, CancellationToken, ValueTask<TReply>>)call, checks)
        {
            Name = method.Name,
            Interleaves = GrainInterface.Interleaves(method),
        };
}

/// <summary>Counts of one kind of grain since the engine began.</summary>
/// <param name="Kind">The kind's name.</param>
/// <param name="Activations">Live now.</param>
/// <param name="Queued">Calls and timers that wait now.</param>
/// <param name="Calls">Calls sent.</param>
/// <param name="Created">Activations begun.</param>
/// <param name="Idle">Deactivated because idle.</param>
/// <param name="Memory">Deactivated because memory pressed.</param>
/// <param name="Shutdown">Deactivated by the stop.</param>
/// <param name="Dropped">Ended without saving.</param>
public sealed record GrainKindStatistics(
    string Kind, int Activations, long Queued, long Calls, long Created, long Idle, long Memory, long Shutdown, long Dropped);
