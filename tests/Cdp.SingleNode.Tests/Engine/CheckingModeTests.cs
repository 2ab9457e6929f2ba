using Cdp.EngineContract;
using Cdp.Grains.Ports;
using Cdp.SingleNode.Engine;
using Google.Protobuf.WellKnownTypes;

namespace Cdp.SingleNode.Tests.Engine;

/// <summary>Invariant 9: a message once sent is frozen. The checking mode finds every side that changes one.</summary>
public sealed class CheckingModeTests : IAsyncDisposable
{
    private readonly GrainEngine _engine = new(
        new GrainEngineOptions { CheckMessages = true },
        [new GrainType("loose", typeof(ILoose), _ => new LooseGrain(), [])],
        new ManualTime());

    /// <summary>A grain that can misbehave.</summary>
    public interface ILoose
    {
        ValueTask<Int64Value> Behave(Int64Value request, CancellationToken cancellationToken);

        ValueTask<Int64Value> ChangeRequest(Int64Value request, CancellationToken cancellationToken);

        ValueTask<Int64Value> ReplyWithState(Int64Value request, CancellationToken cancellationToken);

        ValueTask<Int64Value> Wait(Int64Value request, CancellationToken cancellationToken);
    }

    private ILoose Grain => _engine.Grains.Get<ILoose>("t/1");

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task Neither_side_gets_the_other_s_object()
    {
        var request = new Int64Value { Value = 4 };
        var reply = await Grain.Behave(request, CancellationToken.None);
        Assert.Equal(request, reply);
        Assert.NotSame(request, reply);
    }

    [Fact]
    public async Task A_grain_that_changes_its_request_is_told()
    {
        var request = new Int64Value { Value = 4 };
        var failure = await Assert.ThrowsAsync<FrozenMessageException>(async () => await Grain.ChangeRequest(request, CancellationToken.None));
        Assert.Contains("LooseGrain.ChangeRequest", failure.Message, StringComparison.Ordinal);
        Assert.Equal(4, request.Value);
    }

    [Fact]
    public async Task A_grain_that_replies_with_its_state_and_changes_it_is_told_at_the_next_call()
    {
        Assert.Equal(1, (await Grain.ReplyWithState(new Int64Value(), CancellationToken.None)).Value);
        var failure = await Assert.ThrowsAsync<FrozenMessageException>(async () => await Grain.ReplyWithState(new Int64Value(), CancellationToken.None));
        Assert.Contains("ReplyWithState", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sender_that_changes_its_request_is_told()
    {
        var request = new Int64Value { Value = 4 };
        var call = Grain.Wait(request, CancellationToken.None).AsTask();
        request.Value = 5;
        await Grain.Behave(request, CancellationToken.None);
        var failure = await Assert.ThrowsAsync<FrozenMessageException>(() => call);
        Assert.Contains("sender", failure.Message, StringComparison.Ordinal);
    }

    private sealed class LooseGrain : ILoose
    {
        private readonly Int64Value _state = new();

        public ValueTask<Int64Value> Behave(Int64Value request, CancellationToken cancellationToken) => ValueTask.FromResult(request);

        public ValueTask<Int64Value> ChangeRequest(Int64Value request, CancellationToken cancellationToken)
        {
            request.Value++;
            return ValueTask.FromResult(new Int64Value());
        }

        public ValueTask<Int64Value> ReplyWithState(Int64Value request, CancellationToken cancellationToken)
        {
            _state.Value++;
            return ValueTask.FromResult(_state);
        }

        public async ValueTask<Int64Value> Wait(Int64Value request, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return request.Clone();
        }
    }
}
