using Cdp.EngineContract;
using Cdp.Orleans.Hosting;
using Google.Protobuf.WellKnownTypes;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Tests.Hosting;

/// <summary>The scripted grain of the suites, as Orleans knows it.</summary>
public interface IScriptedGrain : IScripted, IGrainWithStringKey;

/// <summary>Its callee.</summary>
public interface ICalleeGrain : ICallee, IGrainWithStringKey;

public sealed class ScriptedHost(IGrainContext context, IServiceProvider services) : GrainHost<IScripted>(context, services), IScriptedGrain
{
    public ValueTask<Int64Value> Run(StringValue script, CancellationToken cancellationToken) => Plain.Run(script, cancellationToken);

    public ValueTask<Int64Value> Peek(StringValue script, CancellationToken cancellationToken) => Plain.Peek(script, cancellationToken);
}

public sealed class CalleeHost(IGrainContext context, IServiceProvider services) : GrainHost<ICallee>(context, services), ICalleeGrain
{
    public ValueTask<Int64Value> Answer(StringValue script, CancellationToken cancellationToken) => Plain.Answer(script, cancellationToken);
}
