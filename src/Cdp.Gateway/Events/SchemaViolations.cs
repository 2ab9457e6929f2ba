using Cdp.Gateway.Keys;
using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Gateway.Events;

/// <summary>Adds up, over all partitions, how often events broke the schemas of their types.</summary>
internal sealed class SchemaViolations(GatewayPorts ports)
{
    private const int Most = 1_000;

    /// <summary>Lists them, most often first.</summary>
    public async ValueTask<ListSchemaViolationsResponse> ListAsync(Caller caller, ListSchemaViolationsRequest request, CancellationToken cancellationToken)
    {
        var found = new Dictionary<(string Type, string Source, string Path, string Keyword), SchemaViolation>();
        var response = new ListSchemaViolationsResponse();
        for (var partition = 0; partition < ports.Log.Partitions; partition++)
        {
            var grain = ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(partition));
            var counts = (await Overtaken.AgainAsync(grain.ReadSchemaBreaches, new ReadSchemaBreachesRequest { Tenant = caller.Tenant }, cancellationToken)).Counts;
            response.Others += counts.Others;
            foreach (var count in counts.Counts)
            {
                if ((request.EventType.Length > 0 && request.EventType != count.Type) || (request.Source.Length > 0 && request.Source != count.Source)) continue;
                var key = (count.Type, count.Source, count.Path, count.Keyword);
                if (!found.TryGetValue(key, out var violation))
                {
                    found[key] = violation = new SchemaViolation
                    {
                        EventType = count.Type, Source = count.Source, Path = count.Path, Keyword = count.Keyword,
                        FirstAt = new Timestamp { UnixMicros = count.FirstAt }, LastAt = new Timestamp { UnixMicros = long.MinValue },
                    };
                }

                violation.Warned += count.Warned;
                violation.Rejected += count.Rejected;
                violation.FirstAt.UnixMicros = Math.Min(violation.FirstAt.UnixMicros, count.FirstAt);
                if (count.LastAt <= violation.LastAt.UnixMicros) continue;
                (violation.LastAt.UnixMicros, violation.LastPartition, violation.LastPosition) = (count.LastAt, partition, count.LastPosition);
            }
        }

        var ordered = found.Values.OrderByDescending(v => v.Warned + v.Rejected).ThenBy(v => (v.EventType, v.Source, v.Path, v.Keyword)).ToList();
        response.Violations.AddRange(ordered.Take(Most));
        response.Others += ordered.Skip(Most).Sum(v => v.Warned + v.Rejected);
        return response;
    }
}
