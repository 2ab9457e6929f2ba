using Cdp.Domain.Decisions;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Decisions;

/// <summary>The log of a tenant's actions and placements: entry i leads to version i + 1.</summary>
/// <param name="history">Where it is.</param>
/// <param name="tenant">The tenant.</param>
internal sealed class DefinitionLog(IHistory history, string tenant)
{
    private const int PageBytes = 4 << 20;

    private readonly string _key = $"{tenant}/definitions";

    /// <summary>The newest version.</summary>
    public ValueTask<long> LengthAsync(CancellationToken cancellationToken) => history.LengthAsync(_key, cancellationToken);

    /// <summary>The definitions of a version; null where there never was one.</summary>
    public async ValueTask<DecisionDefinitions?> ReadAsync(long version, CancellationToken cancellationToken)
    {
        var definitions = new DecisionDefinitions();
        while (definitions.Version < version && await history.ReadAsync(_key, definitions.Version, PageBytes, cancellationToken) is { Count: > 0 } rows)
        {
            var changes = rows.Select(row => DecisionChange.Parser.ParseFrom(row.Bytes.Span));
            definitions = DecisionHistory.AsOf(definitions, changes, Math.Min(version, rows[^1].End));
        }

        return definitions.Version == version ? definitions : null;
    }

    /// <summary>Appends a change.</summary>
    /// <returns>False when another writer did.</returns>
    public ValueTask<bool> AppendAsync(DecisionChange change) =>
        history.AppendAsync(_key, change.Version - 1, 1, change.ToByteArray(), CancellationToken.None);
}
