using Cdp.EngineContract;
using PlainType = Cdp.Grains.Ports.GrainType;

namespace Cdp.Orleans.Tests.Hosting;

public sealed class TurnTests : TurnContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<PlainType> types, TimeProvider time, int? maxActivations) =>
        SiloUnderTest.Create(types, time, maxActivations);
}

public sealed class FailureTests : FailureContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<PlainType> types, TimeProvider time, int? maxActivations) =>
        SiloUnderTest.Create(types, time, maxActivations);
}

public sealed class TimerTests : TimerContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<PlainType> types, TimeProvider time, int? maxActivations) =>
        SiloUnderTest.Create(types, time, maxActivations);
}

public sealed class LifetimeTests : LifetimeContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<PlainType> types, TimeProvider time, int? maxActivations) =>
        SiloUnderTest.Create(types, time, maxActivations);
}

public sealed class StressTests : StressContract
{
    protected override int Calls => 100_000;

    protected override IEngineUnderTest CreateEngine(IEnumerable<PlainType> types, TimeProvider time, int? maxActivations) =>
        SiloUnderTest.Create(types, time, maxActivations);
}

public sealed class ModelTests : ModelContract
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<PlainType> types, TimeProvider time, int? maxActivations) =>
        SiloUnderTest.Create(types, time, maxActivations);
}
