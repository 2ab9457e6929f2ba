using System.Collections.Frozen;
using System.Diagnostics;
using Cdp.Orleans.Partitions;
using OpenTelemetry;

namespace Cdp.Silo.Observing;

/// <summary>
/// Takes from Orleans' spans what names a customer: keys of grains and texts of exceptions. Whoever receives spans keeps them
/// when a customer is erased here.
/// </summary>
internal sealed class SpanFilter : BaseProcessor<Activity>
{
    private const string OfOrleans = "Microsoft.Orleans.";

    /// <summary>Tags of Orleans that stay; any other may be one that a later version of it adds.</summary>
    private static readonly FrozenSet<string> Kept = FrozenSet.Create(StringComparer.Ordinal, "rpc.system", "rpc.system.name", "rpc.service", "orleans.rpc.service", "rpc.method", "exception.type");

    /// <summary>What every silo asks every partition once a second.</summary>
    private static readonly string[] Heartbeats = [$"/{nameof(IPartitionGrain.Notice)}", $"/{nameof(IPartitionGrain.Open)}"];

    /// <inheritdoc/>
    public override void OnEnd(Activity data)
    {
        if (!data.Source.Name.StartsWith(OfOrleans, StringComparison.Ordinal)) return;
        if (Array.Exists(Heartbeats, data.OperationName.EndsWith))
        {
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            return;
        }

        foreach (var (name, _) in data.TagObjects.ToList())
        {
            if (!Kept.Contains(name)) data.SetTag(name, null);
        }

        data.SetStatus(data.Status);
    }
}
