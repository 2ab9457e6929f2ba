using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Cdp.Node.Import.Mapping;

namespace Cdp.Node.Import.Sources;

/// <summary>Reads one JSON object a line. A column is a key, or a path of keys joined by dots; what is absent or null is empty.</summary>
public sealed class JsonLinesRecordSource : IRecordSource
{
    private readonly StreamReader _reader;
    private readonly string[] _columns;
    private readonly ContentHash _hash = new();

    /// <summary>Reads a stream and closes it at the end.</summary>
    public JsonLinesRecordSource(Stream stream, ImportMapping mapping)
    {
        _reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16);
        _columns = [.. MappingColumns.Of(mapping).Select(c => c.Column).Distinct(StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, int>> OpenAsync(CancellationToken cancel) =>
        Task.FromResult<IReadOnlyDictionary<string, int>>(
            _columns.Select((name, place) => (name, place)).ToDictionary(c => c.name, c => c.place, StringComparer.Ordinal));

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceRecord> ReadAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var line = 0L;
        while (await _reader.ReadLineAsync(cancel) is { } text)
        {
            line++;
            if (string.IsNullOrWhiteSpace(text))
                continue;
            _hash.Add(text.Trim());
            var (cells, problem) = Parse(text);
            yield return new SourceRecord(line, text, cells, _hash.Finish(), problem);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private (string[] Cells, Rejection? Problem) Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return ([], Unreadable("The line is not a JSON object; each line holds one, from { to }."));
            return (Array.ConvertAll(_columns, column => Cell(document.RootElement, column)), null);
        }
        catch (JsonException e)
        {
            return ([], Unreadable($"The line is not valid JSON near character {(e.BytePositionInLine ?? 0) + 1}; each line holds one object."));
        }
    }

    private static Rejection Unreadable(string message) => new(Rejection.Unreadable, "", message);

    private static string Cell(JsonElement element, string path)
    {
        // A key that itself holds a dot goes before a path.
        if (element.TryGetProperty(path, out var whole))
            return Text(whole);
        foreach (var key in path.Split('.'))
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(key, out element))
                return "";
        }

        return Text(element);
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };
}
