using Cdp.V1;

namespace Cdp.Node.Import.Mapping;

/// <summary>Format of a file to import.</summary>
public enum FileFormat
{
    /// <summary>Cells between delimiters, RFC 4180 quoting.</summary>
    Csv,

    /// <summary>One JSON object a line.</summary>
    JsonLines,
}

/// <summary>Which lines of a group are looked for.</summary>
public enum GroupScope
{
    /// <summary>A group ends where the next line has another key.</summary>
    Consecutive,

    /// <summary>A group's lines may stand anywhere in the file; the file is held in memory.</summary>
    File,
}

/// <summary>How a file becomes events. The schema stands in docs/import.md.</summary>
public sealed record ImportMapping
{
    /// <summary>Format of the file.</summary>
    public required FileFormat Format { get; init; }

    /// <summary>What separates cells; CSV only.</summary>
    public string Delimiter { get; init; } = ",";

    /// <summary>Names of the cells of a CSV file without a header line; null: the first line names them.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Zone of times without an offset.</summary>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>ISO 4217 code of amounts that name none; null: each must name one.</summary>
    public string? Currency { get; init; }

    /// <summary>Lines that become one event; null: each line is one.</summary>
    public GroupBy? GroupBy { get; init; }

    /// <summary>The event that a line or group becomes.</summary>
    public required EventMapping Event { get; init; }

    /// <summary>XxHash128 of the mapping file, in hexadecimal: an import goes on only under the mapping it began with.</summary>
    public required string Fingerprint { get; init; }
}

/// <summary>Lines with equal cells in these columns become one event.</summary>
/// <param name="Columns">The key; at least one.</param>
/// <param name="Within">Where the lines of a group may stand.</param>
/// <param name="MaxLines">Most lines held in memory at once; beyond, the import stops and says so.</param>
public sealed record GroupBy(IReadOnlyList<string> Columns, GroupScope Within, int MaxLines);

/// <summary>The event that a line or group becomes. Cells are read from a group's first line unless said otherwise.</summary>
public sealed record EventMapping
{
    /// <summary>The call that the event stands for.</summary>
    public EventKind Kind { get; init; } = EventKind.Track;

    /// <summary>The event's type.</summary>
    public required Choice Type { get; init; }

    /// <summary>The sending system; null: the source of the API key.</summary>
    public Choice? Source { get; init; }

    /// <summary>Where it happened; null: none.</summary>
    public Choice? Channel { get; init; }

    /// <summary>When it happened; null: when it is received.</summary>
    public TimeCell? OccurredAt { get; init; }

    /// <summary>Columns that make up the event's id; null: it is made from the line's content.</summary>
    public IReadOnlyList<string>? IdColumns { get; init; }

    /// <summary>Who it happened to.</summary>
    public required IReadOnlyList<IdentifierMapping> Identifiers { get; init; }

    /// <summary>Used when all of <see cref="Identifiers"/> that are no references are empty.</summary>
    public IdentifierMapping? FallbackIdentifier { get; init; }

    /// <summary>Properties by name.</summary>
    public IReadOnlyList<FieldMapping> Properties { get; init; } = [];

    /// <summary>Surroundings by name.</summary>
    public IReadOnlyList<FieldMapping> Context { get; init; } = [];

    /// <summary>Traits to set, by name.</summary>
    public IReadOnlyList<FieldMapping> Traits { get; init; } = [];

    /// <summary>The list with one entry for each line; null: none.</summary>
    public ItemsMapping? Items { get; init; }

    /// <summary>What a line says of a decision; null: nothing.</summary>
    public OutcomeMapping? Outcome { get; init; }
}

/// <summary>A text chosen by rules: the first whose condition holds.</summary>
public sealed record Choice(IReadOnlyList<ChoiceRule> Rules);

/// <summary>One rule of a choice.</summary>
/// <param name="When">Condition; null: always.</param>
/// <param name="Then">The text.</param>
public sealed record ChoiceRule(Condition? When, TextSource Then);

/// <summary>A text: a constant, or the cell of a column. Exactly one is set.</summary>
public sealed record TextSource(string? Constant, string? Column);

/// <summary>A test of one cell. Exactly one of the tests is set.</summary>
/// <param name="Column">The cell.</param>
public sealed record Condition(string Column)
{
    /// <summary>Holds if the cell is exactly this.</summary>
    public string? EqualTo { get; init; }

    /// <summary>Holds if the cell begins with this, compared exactly.</summary>
    public string? StartsWith { get; init; }

    /// <summary>Holds if the cell is one of these.</summary>
    public IReadOnlyList<string>? OneOf { get; init; }

    /// <summary>Holds if the cell is empty (true) or is not (false).</summary>
    public bool? Empty { get; init; }

    /// <summary>Tests a cell's text.</summary>
    public bool Holds(string cell) =>
        EqualTo is not null ? string.Equals(cell, EqualTo, StringComparison.Ordinal)
        : StartsWith is not null ? cell.StartsWith(StartsWith, StringComparison.Ordinal)
        : OneOf is not null ? OneOf.Contains(cell, StringComparer.Ordinal)
        : string.IsNullOrWhiteSpace(cell) == Empty;
}

/// <summary>A cell that holds a time.</summary>
/// <param name="Column">The cell.</param>
/// <param name="Format"><c>iso</c>, <c>unix_seconds</c>, <c>unix_millis</c> or a .NET custom format.</param>
/// <param name="TimeZone">Zone of a time without an offset.</param>
public sealed record TimeCell(string Column, string Format, TimeZoneInfo TimeZone);

/// <summary>An identifier from a cell.</summary>
/// <param name="Namespace">The identifier's namespace.</param>
/// <param name="Column">The cell.</param>
/// <param name="Prefix">Put before the cell's text.</param>
/// <param name="Optional">False: a line whose cell is empty is rejected.</param>
/// <param name="Reference">True: it finds a customer and is nobody by itself, e.g. an order number; it does not stand in the way of the fallback.</param>
public sealed record IdentifierMapping(string Namespace, string Column, string Prefix, bool Optional, bool Reference);

/// <summary>How a cell's text is read.</summary>
public enum CellType
{
    /// <summary>Text.</summary>
    String,

    /// <summary>A whole number of 64 bits.</summary>
    Int,

    /// <summary>An exact decimal number.</summary>
    Decimal,

    /// <summary>An exact amount in one currency.</summary>
    Money,

    /// <summary>true, yes, y, 1 or false, no, n, 0.</summary>
    Bool,

    /// <summary>A time.</summary>
    Timestamp,
}

/// <summary>A named value made from a line or group. Exactly one of constant, column and sum is set.</summary>
public sealed record FieldMapping
{
    /// <summary>Name of the property, trait, context field or item field.</summary>
    public required string Name { get; init; }

    /// <summary>How the text is read.</summary>
    public CellType Type { get; init; }

    /// <summary>A fixed text.</summary>
    public string? Constant { get; init; }

    /// <summary>The cell.</summary>
    public string? Column { get; init; }

    /// <summary>Columns whose product is summed over all lines, exactly.</summary>
    public IReadOnlyList<string>? SumOf { get; init; }

    /// <summary>Condition under which a number changes its sign; null: never.</summary>
    public Condition? NegateWhen { get; init; }

    /// <summary>Currency of an amount; null otherwise.</summary>
    public TextSource? Currency { get; init; }

    /// <summary>Format and zone of a time; null otherwise.</summary>
    public TimeCell? Time { get; init; }

    /// <summary>True: a line whose cell is empty is rejected; false: the value is left out.</summary>
    public bool Required { get; init; }
}

/// <summary>What a line says of a decision.</summary>
/// <param name="Column">The cell that holds the decision's id; a line where it is empty says nothing.</param>
/// <param name="Action">Id of the action.</param>
/// <param name="Kind">Name of what became of it.</param>
/// <param name="Value">What it brought, an amount; null: nothing is said.</param>
public sealed record OutcomeMapping(string Column, Choice Action, Choice Kind, FieldMapping? Value);

/// <summary>A list property with one map for each line.</summary>
/// <param name="Property">Name of the property.</param>
/// <param name="Fields">Fields of each map.</param>
/// <param name="Trim">Fields left out of every map, one after the other in this order, while the event is too large.</param>
public sealed record ItemsMapping(string Property, IReadOnlyList<FieldMapping> Fields, IReadOnlyList<string> Trim);
