using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Cdp.Node.Import.Mapping;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cdp.Node.Import.Sources;

/// <summary>
/// Reads CSV as people write it: RFC 4180 quoting, any line end, a byte order mark, spaces around header cells, quotes
/// in the middle of unquoted cells.
/// </summary>
public sealed class CsvRecordSource : IRecordSource
{
    // An event holds at most 256 KB; a longer cell is a quote that was never closed and would swallow the file.
    private const int MaxCellCharacters = 1 << 20;

    private readonly StreamReader _reader;
    private readonly CsvParser _parser;
    private readonly IReadOnlyList<string>? _names;
    private readonly ContentHash _hash = new();
    private int _width;

    /// <summary>Reads a stream and closes it at the end.</summary>
    public CsvRecordSource(Stream stream, ImportMapping mapping)
    {
        _reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16);
        _names = mapping.Columns;
        _parser = new CsvParser(_reader, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = mapping.Delimiter,
            BadDataFound = null,
            IgnoreBlankLines = true,
            MaxFieldSize = MaxCellCharacters,
            BufferSize = 1 << 16,
            ProcessFieldBufferSize = 1 << 12,
        });
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, int>> OpenAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var names = _names ?? (await AdvanceAsync() ? _parser.Record! : throw new ImportException("The file is empty; the first line of a CSV file names its columns."));
        _width = names.Count;
        var columns = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < names.Count; i++)
        {
            if (!columns.TryAdd(names[i].Trim(), i) && names[i].Trim().Length > 0)
                throw new ImportException($"The file names the column \"{names[i].Trim()}\" twice; rename one of them, or name the cells with \"columns\" in the mapping.");
        }

        return columns;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceRecord> ReadAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        while (await AdvanceAsync())
        {
            cancel.ThrowIfCancellationRequested();
            var cells = _parser.Record!;
            var raw = _parser.RawRecord.TrimStart('\r', '\n');
            var text = raw.TrimEnd('\r', '\n');

            // A quote still open at the end of the file takes the last line end into its cell.
            var isOpen = cells[^1].EndsWith('\n') && !text.EndsWith('"');
            var lastLine = isOpen ? _parser.RawRow - 1 : _parser.RawRow;
            var line = lastLine - raw.Count(c => c == '\n') + (raw.EndsWith('\n') ? 1 : 0);
            foreach (var cell in cells)
                _hash.Add(cell);
            yield return new SourceRecord(line, text, cells, _hash.Finish(), WidthProblem(cells.Length, line, lastLine));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parser.Dispose();
        _reader.Dispose();
    }

    private Rejection? WidthProblem(int cells, long firstLine, long lastLine)
    {
        if (cells == _width)
            return null;
        var span = lastLine > firstLine
            ? string.Create(CultureInfo.InvariantCulture, $" It spans the lines {firstLine} to {lastLine}: is a quote not closed?")
            : "";
        return new Rejection(Rejection.CellCount, "", string.Create(
            CultureInfo.InvariantCulture,
            $"The line has {cells} cells and the file has {_width} columns; check its delimiters and quotes.{span}"));
    }

    private async Task<bool> AdvanceAsync()
    {
        try
        {
            return await _parser.ReadAsync();
        }
        catch (MaxFieldSizeException e)
        {
            throw new ImportException(string.Create(
                CultureInfo.InvariantCulture,
                $"A cell that begins near line {_parser.RawRow} is longer than {MaxCellCharacters} characters: a quote is not closed. Close it and run the import again."), e);
        }
    }
}
