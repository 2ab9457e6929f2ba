using System.Globalization;
using System.Text;
using Cdp.Node.Import.Sources;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cdp.Node.Import;

/// <summary>Writes rejected lines as CSV: line, reason, field, message, text. The file is made with the first of them.</summary>
public sealed class RejectsFile : IDisposable
{
    private static readonly CsvConfiguration Layout = new(CultureInfo.InvariantCulture) { NewLine = "\n" };

    private readonly string _path;
    private FileStream? _file;
    private CsvWriter? _csv;

    /// <summary>Starts anew, or goes on after an interrupted run.</summary>
    /// <param name="path">The file.</param>
    /// <param name="keep">Bytes to keep of an interrupted run's file; what stands behind belongs to lines that come again.</param>
    public RejectsFile(string path, long keep)
    {
        _path = path;
        Length = keep;
        if (keep == 0)
            File.Delete(path);
        else if (File.Exists(path))
            Open();
    }

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <summary>Adds one line.</summary>
    public void Add(SourceRecord record, Rejection rejection)
    {
        var csv = _csv ?? Open();
        csv.WriteField(record.Line);
        csv.WriteField(rejection.Reason);
        csv.WriteField(rejection.Field);
        csv.WriteField(rejection.Message);
        csv.WriteField(record.Text);
        csv.NextRecord();
    }

    /// <summary>Hands everything to the file.</summary>
    public void Flush()
    {
        if (_csv is null)
            return;
        _csv.Flush();
        _file!.Flush();
        Length = _file.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Flush();
        _csv?.Dispose();
        _file?.Dispose();
    }

    private CsvWriter Open()
    {
        try
        {
            _file = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImportException($"The rejected lines cannot be written to {_path}: {e.Message} Name another file with --rejects.", e);
        }

        _file.SetLength(Math.Min(Length, _file.Length));
        _file.Seek(0, SeekOrigin.End);
        _csv = new CsvWriter(new StreamWriter(_file, new UTF8Encoding(false), leaveOpen: true), Layout);
        if (_file.Length > 0)
            return _csv;
        foreach (var name in (string[])["line", "reason", "field", "message", "text"])
            _csv.WriteField(name);
        _csv.NextRecord();
        return _csv;
    }
}
