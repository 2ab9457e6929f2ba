using Cdp.EngineContract;
using Cdp.Grains.Ports;

namespace Cdp.SingleNode.Tests.Engine;

/// <summary>What a call within one process can promise, and a message between silos cannot: order, and ambient context.</summary>
public abstract class InProcessCalls : EngineSuite
{
    [Fact(Timeout = Hangs)]
    public async Task Calls_of_one_caller_arrive_in_order()
    {
        var order = new List<int>();
        var gate = NewGate();
        World.OnActivate = async (_, _) => await gate.Task;
        for (var i = 0; i < 200; i++)
        {
            var number = i;
            Script($"note{number}", async (grain, _) =>
            {
                grain.InTurn(() => order.Add(number));
                if (number % 3 == 0)
                    await Task.Yield();
                return number;
            });
        }

        var calls = new List<Task<long>>();
        for (var i = 0; i < 200; i++)
        {
            calls.Add(Scripted("t/1").RunAsync($"note{i}"));
            if (i == 100)
                gate.SetResult(0);
        }

        await Task.WhenAll(calls);
        Assert.Equal(Enumerable.Range(0, 200), order);
    }

    [Fact(Timeout = Hangs)]
    public async Task A_caller_s_ambient_context_reaches_a_queued_call_and_no_other()
    {
        var ambient = new AsyncLocal<int>();
        var gate = NewGate();
        Script("wait", async (_, _) => await gate.Task);
        Script("ambient", _ => ambient.Value);
        var first = Scripted("t/1").RunAsync("wait");
        var calls = new List<Task<long>>();
        for (var i = 1; i <= 5; i++)
        {
            ambient.Value = i;
            calls.Add(Scripted("t/1").RunAsync("ambient"));
        }

        gate.SetResult(0);
        await first;
        Assert.Equal((long[])[1, 2, 3, 4, 5], await Task.WhenAll(calls));
    }
}

public sealed class InProcessCallsTests : InProcessCalls
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: false);
}

public sealed class CheckedInProcessCallsTests : InProcessCalls
{
    protected override IEngineUnderTest CreateEngine(IEnumerable<GrainType> types, TimeProvider time, int? maxActivations) =>
        SingleNodeUnderTest.Create(types, time, maxActivations, checkMessages: true);
}
