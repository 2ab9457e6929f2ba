namespace Cdp.Node.Import;

/// <summary>Why a line was not imported.</summary>
/// <param name="Reason">Stable name, e.g. <c>BAD_TIME</c>; the server's own reasons stand in docs/errors.md, the importer's in docs/import.md.</param>
/// <param name="Field">The field or column at fault; empty where it is the whole line.</param>
/// <param name="Message">What was wrong and what to do, for people.</param>
public sealed record Rejection(string Reason, string Field, string Message)
{
    /// <summary>The line is not readable in the file's format.</summary>
    public const string Unreadable = "UNREADABLE_LINE";

    /// <summary>The line has more or fewer cells than the header.</summary>
    public const string CellCount = "CELL_COUNT";

    /// <summary>A cell that is needed is empty.</summary>
    public const string EmptyCell = "EMPTY_CELL";

    /// <summary>A number could not be read, or has more digits than an exact number may have.</summary>
    public const string BadNumber = "BAD_NUMBER";

    /// <summary>A truth value could not be read.</summary>
    public const string BadBool = "BAD_BOOL";

    /// <summary>A time could not be read.</summary>
    public const string BadTime = "BAD_TIME";

    /// <summary>A currency is not a code of three capital letters.</summary>
    public const string BadCurrency = "BAD_CURRENCY";

    /// <summary>The lines of one group name different identifiers.</summary>
    public const string GroupDisagrees = "GROUP_DISAGREES";

    /// <summary>The id from the mapped columns was used before by a line with other content.</summary>
    public const string IdReused = "ID_REUSED";

    /// <summary>The id from the mapped columns is longer than 128 characters.</summary>
    public const string IdTooLong = "ID_TOO_LONG";

    /// <summary>The event is larger than 256 KB, with all trimming done.</summary>
    public const string TooLarge = "EVENT_TOO_LARGE";
}
