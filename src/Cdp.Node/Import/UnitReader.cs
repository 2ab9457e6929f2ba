using System.Globalization;
using System.Runtime.CompilerServices;
using Cdp.Node.Import.Mapping;
using Cdp.Node.Import.Sources;

namespace Cdp.Node.Import;

/// <summary>Puts the records of a file together as the mapping groups them, always in the same order for the same file.</summary>
public sealed class UnitReader
{
    private readonly GroupBy? _groupBy;
    private readonly int[] _key;
    private readonly Func<double?> _fraction;

    /// <summary>Prepares the grouping.</summary>
    /// <param name="groupBy">The mapping's grouping, or null.</param>
    /// <param name="columns">Places of the file's columns.</param>
    /// <param name="fraction">How much of the file was read, 0 to 1; null when unknown.</param>
    public UnitReader(GroupBy? groupBy, IReadOnlyDictionary<string, int> columns, Func<double?> fraction)
    {
        _groupBy = groupBy;
        _key = groupBy is null ? [] : [.. groupBy.Columns.Select(name => columns[name])];
        _fraction = fraction;
    }

    /// <summary>Reads the units.</summary>
    /// <exception cref="ImportException">A group, or the file, has more lines than the mapping allows to hold.</exception>
    public IAsyncEnumerable<ImportUnit> ReadAsync(IAsyncEnumerable<SourceRecord> records, CancellationToken cancel) => _groupBy?.Within switch
    {
        null => SinglesAsync(records, cancel),
        GroupScope.Consecutive => ConsecutiveAsync(records, _groupBy.MaxLines, cancel),
        _ => WholeFileAsync(records, _groupBy.MaxLines, cancel),
    };

    private async IAsyncEnumerable<ImportUnit> SinglesAsync(IAsyncEnumerable<SourceRecord> records, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var record in records.WithCancellation(cancel))
            yield return new ImportUnit([record], null, _fraction());
    }

    private async IAsyncEnumerable<ImportUnit> ConsecutiveAsync(
        IAsyncEnumerable<SourceRecord> records, int maxLines, [EnumeratorCancellation] CancellationToken cancel)
    {
        var group = new List<SourceRecord>();
        string? open = null;
        await foreach (var record in records.WithCancellation(cancel))
        {
            // An unreadable line between two of a group ends nothing.
            if (Key(record) is not { } key)
            {
                yield return new ImportUnit([record], null, _fraction());
                continue;
            }

            if (group.Count > 0 && !string.Equals(key, open, StringComparison.Ordinal))
            {
                yield return new ImportUnit(group, open, _fraction());
                group = [];
            }

            open = key;
            group.Add(record);
            if (group.Count > maxLines)
                throw TooMany("A group", maxLines);
        }

        if (group.Count > 0)
            yield return new ImportUnit(group, open, _fraction());
    }

    private async IAsyncEnumerable<ImportUnit> WholeFileAsync(
        IAsyncEnumerable<SourceRecord> records, int maxLines, [EnumeratorCancellation] CancellationToken cancel)
    {
        var groups = new Dictionary<string, List<SourceRecord>>(StringComparer.Ordinal);
        var order = new List<(List<SourceRecord> Records, string? Key)>();
        var lines = 0;
        await foreach (var record in records.WithCancellation(cancel))
        {
            if (++lines > maxLines)
                throw TooMany("The file", maxLines);
            var key = Key(record);
            if (key is not null && groups.TryGetValue(key, out var group))
            {
                group.Add(record);
                continue;
            }

            List<SourceRecord> first = [record];
            order.Add((first, key));
            if (key is not null)
                groups.Add(key, first);
        }

        for (var i = 0; i < order.Count; i++)
            yield return new ImportUnit(order[i].Records, order[i].Key, (i + 1) / (double)order.Count);
    }

    // Null for a line that belongs to no group: it could not be read, or its key is empty.
    private string? Key(SourceRecord record)
    {
        if (record.Problem is not null)
            return null;
        if (_key.Length == 1)
            return string.IsNullOrWhiteSpace(record.Cells[_key[0]]) ? null : record.Cells[_key[0]];
        var cells = Array.ConvertAll(_key, place => record.Cells[place]);
        return cells.All(string.IsNullOrWhiteSpace) ? null : string.Join('/', cells.Select(Escape));
    }

    // As in a JSON pointer, so that ("a/", "b") and ("a", "/b") are two keys.
    private static string Escape(string cell) =>
        cell.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static ImportException TooMany(string what, int maxLines) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"{what} has more than {maxLines} lines, the most that may be held in memory; raise $.group_by.max_lines, or sort the file by the group's columns and use \"within\": \"consecutive\"."));
}
