using System.Text;
using System.Text.Json;
using Cdp.Grains.Ports;
using Cdp.Storage;
using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Node.Backups;

/// <summary>
/// Notes of all erasures, a line of JSON each, in the directory of backups. A line that a crash cut short was never promised and
/// is cut off.
/// </summary>
internal sealed class ErasureLedgerFile : IErasureLedger, IDisposable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "erasures.jsonl";

    private static readonly JsonSerializerOptions Layout = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly FileStream _file;
    private readonly HashSet<(string Tenant, string Receipt)> _known = [];
    private bool _torn;

    private ErasureLedgerFile(string path)
    {
        _path = path;
        var made = !File.Exists(path);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        _file = new FileStream(path, options);
        try
        {
            if (made) DiskFlush.Directory(Path.GetDirectoryName(path)!);
            var (notes, whole) = Parse(path, ReadAll(_file));
            foreach (var note in notes) _known.Add((note.Tenant, note.Receipt));
            _file.SetLength(whole);
            _file.Position = whole;
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Opens the file, and makes it where there is none.</summary>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public static ErasureLedgerFile Open(string path) => new(path);

    /// <summary>Reads all notes of a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<IReadOnlyList<ErasureNote>> ReadAsync(string path, CancellationToken cancellationToken) =>
        Parse(path, await File.ReadAllBytesAsync(path, cancellationToken)).Notes;

    /// <summary>Whether an erasure is noted.</summary>
    public bool Has(string tenant, string receipt)
    {
        lock (_gate) return _known.Contains((tenant, receipt));
    }

    /// <inheritdoc/>
    public async ValueTask NoteAsync(ErasureNote note, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Run(() => Append(note), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ErasureLedgerException($"{_path}: {e.Message}", e);
        }
    }

    public void Dispose() => _file.Dispose();

    private void Append(ErasureNote note)
    {
        var line = (byte[])[.. JsonSerializer.SerializeToUtf8Bytes(note, Layout), (byte)'\n'];
        lock (_gate)
        {
            if (_known.Contains((note.Tenant, note.Receipt))) return;
            var end = _file.Position;
            if (_torn) _file.SetLength(end);
            _torn = true;
            try
            {
                _file.Write(line);
                _file.Flush(flushToDisk: true);
            }
            catch
            {
                _file.Position = end;
                throw;
            }

            _torn = false;
            _known.Add((note.Tenant, note.Receipt));
        }
    }

    private static byte[] ReadAll(FileStream file)
    {
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Reads whole lines; returns the notes, and where the last whole line ends.</summary>
    private static (List<ErasureNote> Notes, long Whole) Parse(string path, byte[] bytes)
    {
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        var notes = new List<ErasureNote>();
        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            number++;
            try
            {
                notes.Add(JsonSerializer.Deserialize<ErasureNote>(line, Layout) ?? throw new JsonException("it is empty"));
            }
            catch (JsonException e)
            {
                throw new StorageException($"{path}, line {number}: it is not what an erasure is noted by: {e.Message}", e);
            }
        }

        return (notes, whole);
    }
}
