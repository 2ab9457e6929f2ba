using System.Globalization;
using System.Security.Cryptography;
using Cdp.Storage.Sqlite.Engine;
using Microsoft.Win32.SafeHandles;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// The segment of the journal that is written. A block is appended and flushed before the next one, so that a crash tears
/// the last one at most. Used under <see cref="StateMerger.Commits"/>.
/// </summary>
internal sealed class StateJournal : IDisposable
{
    /// <summary>What stands between the name of the database and the number of a segment's first block.</summary>
    public const string Infix = ".journal-";

    private readonly string _database;
    private readonly List<string> _retired = [];
    private SafeFileHandle _file;
    private long _end;
    private bool _torn;

    /// <param name="database">Path of the database; the segments lie beside it.</param>
    /// <param name="next">Number of the next block.</param>
    public StateJournal(string database, long next)
    {
        _database = database;
        NextSequence = next;
        (_file, Segment, Salt) = Create();
        _end = JournalFormat.HeaderSize;
    }

    /// <summary>Path of the segment.</summary>
    public string Segment { get; private set; }

    /// <summary>Salt of the segment's checksums.</summary>
    public ulong Salt { get; private set; }

    /// <summary>Number of the next block.</summary>
    public long NextSequence { get; private set; }

    /// <summary>Bytes of the segment up to the end of its last block.</summary>
    public long End => _end;

    /// <summary>Writes a block and flushes it.</summary>
    /// <param name="block">Its pieces.</param>
    /// <param name="bytes">Bytes of all.</param>
    /// <returns>Its number.</returns>
    /// <exception cref="StorageException">It is not written, and will not be found by a start.</exception>
    public long Append(IReadOnlyList<ReadOnlyMemory<byte>> block, int bytes) => Guard(() =>
    {
        Mend();
        _torn = true;
        RandomAccess.Write(_file, block, _end);
        DiskFlush.File(_file);
        _torn = false;
        _end += bytes;
        return NextSequence++;
    });

    /// <summary>Begins another segment, unless this one has no block yet.</summary>
    public void Rotate()
    {
        if (_end == JournalFormat.HeaderSize) return;
        var old = _file;
        (_file, Segment, Salt) = Guard(() =>
        {
            Mend();
            return Create();
        });
        _end = JournalFormat.HeaderSize;
        old.Dispose();
    }

    /// <summary>Deletes segments that the database has; one that cannot be deleted is tried again with the next ones.</summary>
    public void Delete(IEnumerable<string> segments)
    {
        lock (_retired)
        {
            _retired.AddRange(segments);
            if (_retired.Count == 0) return;
            Guard(() =>
            {
                foreach (var path in _retired) File.Delete(path);

                // What is erased must not come back with a power cut.
                FlushNames();
                return true;
            });
            _retired.Clear();
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Cuts off what a failed write left: a later block must not follow half a one, nor one that was refused.</summary>
    private void Mend()
    {
        if (!_torn) return;
        RandomAccess.SetLength(_file, _end);
        DiskFlush.File(_file);
        _torn = false;
    }

    private (SafeFileHandle File, string Path, ulong Salt) Create()
    {
        var path = _database + Infix + NextSequence.ToString("d20", CultureInfo.InvariantCulture);
        var salt = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var header = new byte[JournalFormat.HeaderSize];
        JournalFormat.WriteHeader(header, NextSequence, salt);
        var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete);
        try
        {
            RandomAccess.Write(file, header, 0);
            DiskFlush.File(file);
            FlushNames();
            return (file, path, salt);
        }
        catch
        {
            file.Dispose();
            File.Delete(path);
            throw;
        }
    }

    private void FlushNames() => DiskFlush.Directory(Path.GetDirectoryName(Path.GetFullPath(_database))!);

    private T Guard<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception e) when (e is (IOException and not StorageException) or UnauthorizedAccessException)
        {
            throw SqliteFailures.OfFile(_database, e);
        }
    }
}
