using Cdp.Node.Import.Sources;

namespace Cdp.Node.Import;

/// <summary>The records that become one event, or one record that becomes none.</summary>
/// <param name="Records">At least one, in the file's order.</param>
/// <param name="Key">The group's key; null when lines are not grouped or the record could not be read.</param>
/// <param name="Fraction">How much of the file lies before this unit's end, 0 to 1; null when unknown.</param>
public sealed record ImportUnit(IReadOnlyList<SourceRecord> Records, string? Key, double? Fraction);
