using System.Globalization;
using Cdp.Domain.Events;
using Cdp.Node.Import.Mapping;
using Cdp.Node.Import.Sources;
using Cdp.V1;

namespace Cdp.Node.Import;

/// <summary>Turns the units of one file into events, in the file's order. Remembers the ids it gave.</summary>
public sealed class EventMapper
{
    private readonly ImportMapping _mapping;
    private readonly EventMapping _event;
    private readonly IReadOnlyDictionary<string, int> _columns;
    private readonly TimeSpan _shift;
    private readonly FieldMapper _fields;
    private readonly EventIds _ids = new();

    /// <summary>Prepares a mapping for a file.</summary>
    /// <param name="mapping">The mapping.</param>
    /// <param name="columns">Places of the file's columns; all that the mapping reads.</param>
    /// <param name="shift">Added to every time.</param>
    public EventMapper(ImportMapping mapping, IReadOnlyDictionary<string, int> columns, TimeSpan shift)
    {
        _mapping = mapping;
        _event = mapping.Event;
        _columns = columns;
        _shift = shift;
        _fields = new FieldMapper(columns, shift);
    }

    /// <summary>Reads when a unit happened; null if it says nothing that can be read.</summary>
    public DateTimeOffset? OccurredAt(ImportUnit unit) =>
        _event.OccurredAt is { } time && unit.Records[0].Problem is null
            ? CellReader.Time(Cell(unit.Records[0], time.Column), time)
            : null;

    /// <summary>Turns a unit into an event, or says why not. Call for every unit of the file from its first: ids count.</summary>
    public MappedUnit Map(ImportUnit unit)
    {
        var first = unit.Records[0];
        if (first.Problem is not null)
            return Reject(unit, first.Problem);
        if (_mapping.GroupBy is { } group && unit.Key is null)
            return Reject(unit, new Rejection(Rejection.EmptyCell, group.Columns[0], "The cells that say to which group the line belongs are empty; fill them in."));
        try
        {
            return Build(unit, first);
        }
        catch (RejectedException e)
        {
            return Reject(unit, e.Rejection);
        }
    }

    private MappedUnit Build(ImportUnit unit, SourceRecord first)
    {
        // The id comes first: a line that is rejected below still counts among the repeats of its content.
        var id = _event.IdColumns is null ? _ids.FromContent(unit) : IdFromColumns(first);
        if (_event.IdColumns is not null)
        {
            switch (_ids.Note(id, unit))
            {
                case EventIds.Use.Repeated:
                    return new MappedUnit { Unit = unit, IsDuplicate = true };
                case EventIds.Use.Reused:
                    throw new RejectedException(Rejection.IdReused, "id", $"The id \"{id}\" stands above with other content; name more columns under $.event.id.columns.");
            }
        }

        var built = new Event
        {
            Id = id,
            Kind = _event.Kind,
            Type = Choose(_event.Type, first),
            Source = Choose(_event.Source, first),
            Channel = Choose(_event.Channel, first),
            OccurredAt = Time(first),
            Outcome = Outcome(unit, first),
        };
        AddIdentifiers(built, unit, first);
        _fields.Fill(built.Properties, _event.Properties, unit.Records);
        _fields.Fill(built.Context, _event.Context, unit.Records);
        if (_event.Traits.Count > 0)
        {
            var traits = new TraitChanges();
            _fields.Fill(traits.Set, _event.Traits, unit.Records);
            built.Traits = traits;
        }

        return Fit(unit, built);
    }

    private MappedUnit Fit(ImportUnit unit, Event built)
    {
        var items = new ListValue();
        if (_event.Items is { } mapped)
        {
            foreach (var record in unit.Records)
            {
                var item = new MapValue();
                _fields.Fill(item.Fields, mapped.Fields, [record]);
                items.Values.Add(new Value { MapValue = item });
            }

            built.Properties[mapped.Property] = new Value { ListValue = items };
        }

        var size = built.CalculateSize();
        var trimmed = 0;
        while (size > EventLimits.MaxEventBytes && _event.Items is { } limited && trimmed < limited.Trim.Count)
        {
            foreach (var item in items.Values)
                item.MapValue.Fields.Remove(limited.Trim[trimmed]);
            trimmed++;
            size = built.CalculateSize();
        }

        if (size > EventLimits.MaxEventBytes)
        {
            throw new RejectedException(Rejection.TooLarge, "", string.Create(
                CultureInfo.InvariantCulture,
                $"The event of {unit.Records.Count} lines has {size} bytes and may have {EventLimits.MaxEventBytes}; map fewer fields, or name item fields under $.event.items.trim."));
        }

        return new MappedUnit { Unit = unit, Event = built, Size = size, IsTrimmed = trimmed > 0 };
    }

    private void AddIdentifiers(Event built, ImportUnit unit, SourceRecord first)
    {
        var isSomebody = false;
        foreach (var identifier in _event.Identifiers)
        {
            var value = Cell(first, identifier.Column).Trim();
            if (unit.Records.Any(record => !string.Equals(Cell(record, identifier.Column).Trim(), value, StringComparison.Ordinal)))
            {
                throw new RejectedException(
                    Rejection.GroupDisagrees, identifier.Column, $"The lines of the group have different cells in \"{identifier.Column}\"; one event happens to one customer.");
            }

            if (value.Length == 0 && !identifier.Optional)
                throw Empty(identifier.Column, "says who it happened to");
            if (value.Length == 0)
                continue;
            built.Identifiers.Add(new Identifier { Namespace = identifier.Namespace, Value = identifier.Prefix + value });
            isSomebody |= !identifier.Reference;
        }

        if (isSomebody || _event.FallbackIdentifier is not { } fallback)
            return;
        var last = Cell(first, fallback.Column).Trim();
        if (last.Length == 0)
            throw Empty(fallback.Column, "is the last that says who it happened to");
        built.Identifiers.Add(new Identifier { Namespace = fallback.Namespace, Value = fallback.Prefix + last });
    }

    private string IdFromColumns(SourceRecord first)
    {
        var cells = _event.IdColumns!.Select(column => Cell(first, column).Trim()).ToList();
        if (cells.All(cell => cell.Length == 0))
            throw Empty(_event.IdColumns![0], "is the event's id");
        var id = string.Join('/', cells);
        return id.Length <= EventLimits.MaxIdLength
            ? id
            : throw new RejectedException(Rejection.IdTooLong, "id", string.Create(
                CultureInfo.InvariantCulture, $"The id has {id.Length} characters and may have {EventLimits.MaxIdLength}; name fewer columns, or none."));
    }

    private Timestamp? Time(SourceRecord first)
    {
        if (_event.OccurredAt is not { } mapped)
            return null;
        var text = Cell(first, mapped.Column);
        var time = CellReader.Time(text, mapped) ?? throw new RejectedException(
            Rejection.BadTime, mapped.Column, $"\"{text}\" is not a time of the format \"{mapped.Format}\".");
        return CellReader.ToTimestamp(time + _shift);
    }

    /// <summary>What a unit says of a decision. A kind that is not known is left for the server to refuse.</summary>
    private EventOutcome? Outcome(ImportUnit unit, SourceRecord first)
    {
        if (_event.Outcome is not { } mapped || Cell(first, mapped.Column).Trim() is not { Length: > 0 } decision)
            return null;
        var name = Choose(mapped.Kind, first);
        var isName = name.All(char.IsAsciiLetter) & Enum.TryParse<OutcomeKind>(name, ignoreCase: true, out var kind);
        return new EventOutcome
        {
            DecisionId = decision,
            ActionId = Choose(mapped.Action, first),
            Kind = isName ? kind : OutcomeKind.Unspecified,
            Value = mapped.Value is { } value ? _fields.Read(value, unit.Records)?.MoneyValue : null,
        };
    }

    private string Choose(Choice? choice, SourceRecord record)
    {
        foreach (var rule in choice?.Rules ?? [])
        {
            if (rule.When is null || rule.When.Holds(Cell(record, rule.When.Column)))
                return rule.Then.Constant ?? Cell(record, rule.Then.Column!).Trim();
        }

        return "";
    }

    private string Cell(SourceRecord record, string column) => record.Cells[_columns[column]];

    private static RejectedException Empty(string column, string purpose) =>
        new(Rejection.EmptyCell, column, $"The cell \"{column}\", which {purpose}, is empty; fill it in.");

    private static MappedUnit Reject(ImportUnit unit, Rejection rejection) => new() { Unit = unit, Rejection = rejection };
}
