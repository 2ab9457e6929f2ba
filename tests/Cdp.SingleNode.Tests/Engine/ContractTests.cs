using Cdp.EngineContract;
using Cdp.Grains.Ports;
using Cdp.SingleNode.Engine;

namespace Cdp.SingleNode.Tests.Engine;

/// <summary>The single-node engine as the contract suites see it.</summary>
internal sealed class SingleNodeUnderTest(GrainEngine engine) : IEngineUnderTest
{
    public IGrains Grains => engine.Grains;

    public Task CollectAsync(CancellationToken cancellationToken) => engine.CollectAsync(cancellationToken);

    public Task StopAsync() => engine.StopAsync();

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    internal static SingleNodeUnderTest Create(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations, bool checkMessages)
    {
        var options = new GrainEngineOptions { CheckMessages = checkMessages, MaxMemoryBytes = long.MaxValue };
        if (maxActivations is { } max)
            options = options with { MaxActivations = max };
        return new SingleNodeUnderTest(new GrainEngine(options, types, time));
    }
}

public sealed class TurnTests : TurnContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: false);
}

public sealed class CheckedTurnTests : TurnContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: true);
}

public sealed class FailureTests : FailureContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: false);
}

public sealed class CheckedFailureTests : FailureContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: true);
}

public sealed class LifetimeTests : LifetimeContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: false);
}

public sealed class CheckedLifetimeTests : LifetimeContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: true);
}

public sealed class TimerTests : TimerContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: false);
}

public sealed class CheckedTimerTests : TimerContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: true);
}

public sealed class StressTests : StressContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: false);
}

public sealed class CheckedStressTests : StressContract
{
    protected override int Calls => 100_000;

    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: true);
}

public sealed class ModelTests : ModelContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: false);
}

public sealed class CheckedModelTests : ModelContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: true);
}
