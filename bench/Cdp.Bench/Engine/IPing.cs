using Cdp.Grains.Ports;
using Google.Protobuf.WellKnownTypes;

namespace Cdp.Bench.Engine;

/// <summary>The smallest useful grain: a number that each call changes.</summary>
public interface IPing
{
    /// <summary>Adds and returns the sum.</summary>
    ValueTask<Int64Value> Add(Int64Value request, CancellationToken cancellationToken);

    /// <summary>Awaits once, then does the same.</summary>
    ValueTask<Int64Value> AddLater(Int64Value request, CancellationToken cancellationToken);
}

/// <summary>Holds one number; it keeps its replies apart as a grain has to.</summary>
internal sealed class PingGrain : IPing
{
    private long _sum;

    public ValueTask<Int64Value> Add(Int64Value request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new Int64Value { Value = _sum += request.Value });

    public async ValueTask<Int64Value> AddLater(Int64Value request, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return new Int64Value { Value = _sum += request.Value };
    }

    internal static GrainType Type { get; } = new("ping", typeof(IPing), _ => new PingGrain(), []);
}
