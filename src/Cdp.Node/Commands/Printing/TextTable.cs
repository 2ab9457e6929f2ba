using System.Text;

namespace Cdp.Node.Commands.Printing;

/// <summary>Lays rows out in aligned columns, two spaces apart.</summary>
internal sealed class TextTable
{
    private readonly string[] _headers;
    private readonly bool[] _right;
    private readonly List<string[]> _rows = [];

    /// <summary>Names the columns; a name that begins with <c>&gt;</c> is aligned to the right.</summary>
    public TextTable(params string[] headers)
    {
        _right = Array.ConvertAll(headers, header => header.StartsWith('>'));
        _headers = Array.ConvertAll(headers, header => header.TrimStart('>'));
    }

    public bool IsEmpty => _rows.Count == 0;

    public void Add(params string[] cells) => _rows.Add(Array.ConvertAll(cells, OneLine));

    public void WriteTo(StringBuilder text, string indent = "")
    {
        var widths = new int[_headers.Length];
        for (var column = 0; column < widths.Length; column++)
            widths[column] = _rows.Select(row => row[column].Length).Append(_headers[column].Length).Max();
        if (_headers.Any(header => header.Length > 0))
            WriteRow(text, indent, widths, _headers);
        foreach (var row in _rows)
            WriteRow(text, indent, widths, row);
    }

    private void WriteRow(StringBuilder text, string indent, int[] widths, string[] cells)
    {
        var line = new StringBuilder(indent);
        for (var column = 0; column < cells.Length; column++)
        {
            if (column > 0)
                line.Append("  ");
            line.Append(_right[column] ? cells[column].PadLeft(widths[column]) : cells[column].PadRight(widths[column]));
        }

        text.Append(line.ToString().TrimEnd()).Append('\n');
    }

    // Control characters in customers' data must not reach the terminal.
    private static string OneLine(string cell) =>
        cell.Any(char.IsControl) ? string.Concat(cell.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : cell;
}
