using System.Runtime.InteropServices;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>
/// Lets what SQLite writes on one thread reach the disk bit by bit, with rests. SQLite moves thousands of pages at once and
/// flushes them together: the disk is busy for tens of milliseconds then, and so long waits every other flush, those that
/// somebody waits for among them. Here each few pages go to the disk as they are written, so that a flush finds few of them
/// in front of it. When SQLite flushes the file at the end, as it always does, little is left to do.
/// </summary>
/// <remarks>
/// SQLite is given another <c>pwrite</c> for that (https://www.sqlite.org/c3ref/vfs.html, xSetSystemCall), on Linux only. It
/// writes as the one before did; on threads that did not ask for rests it does nothing else. Linux tells a failure of the disk to
/// whoever waits for it first, and to nobody after that: one that a step finds becomes the failure of the write that ended it.
/// </remarks>
internal sealed unsafe partial class GentleWrites
{
    /// <summary>Bytes that go to the disk together: a millisecond or two of its time.</summary>
    private const int StepBytes = 32 * Database.PageSize;

    // Linux: wait for what is being written there, write what is to be written there, wait for it.
    private const uint WriteAndWait = 7;

    // ENOSYS, EINVAL, ESPIPE: here it cannot be done, and nothing is wrong.
    private const int NoSuchCall = 38;
    private const int NoSuchFlags = 22;
    private const int NoSuchFile = 29;

    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(6);
    private static readonly bool IsInstalled = OperatingSystem.IsLinux() && Environment.Is64BitProcess && Install();

    [ThreadStatic]
    private static GentleWrites? s_ofThread;

    private readonly Func<bool> _isHurried;
    private readonly Action<TimeSpan> _rest;
    private int _file = -1;
    private long _bytes;
    private long _first;
    private long _end;

    private GentleWrites(Func<bool> isHurried, Action<TimeSpan> rest) => (_isHurried, _rest) = (isHurried, rest);

    /// <summary>From now on, what SQLite writes on this thread goes to the disk bit by bit.</summary>
    /// <param name="isHurried">Whether it is to be written at once after all; asked every few pages.</param>
    /// <param name="rest">Rests for a time, or less where somebody begins to wait.</param>
    public static void OnThisThread(Func<bool> isHurried, Action<TimeSpan> rest)
    {
        if (IsInstalled) s_ofThread = new GentleWrites(isHurried, rest);
    }

    private static bool Install()
    {
        SQLitePCL.Batteries_V2.Init();
        var system = FindSystem(null);
        if (system is null || system->Version < 3 || system->SetSystemCall is null || system->GetSystemCall is null) return false;

        // Which of the two SQLite calls depends on how it was compiled; the other is not there.
        foreach (var name in (ReadOnlySpan<string>)["pwrite64", "pwrite"])
        {
            var call = Marshal.StringToCoTaskMemUTF8(name);
            try
            {
                if (system->GetSystemCall(system, (byte*)call) is null) continue;
                return system->SetSystemCall(system, (byte*)call, (void*)(delegate* unmanaged[Cdecl]<int, void*, nint, long, nint>)&Write) == SQLitePCL.raw.SQLITE_OK;
            }
            finally
            {
                Marshal.FreeCoTaskMem(call);
            }
        }

        return false;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static nint Write(int file, void* bytes, nint count, long offset)
    {
        var written = WriteAt(file, bytes, count, offset);
        var error = written < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (written > 0 && s_ofThread is { } gentle && gentle.Wrote(file, offset, written) is var failure and not 0) (written, error) = (-1, failure);
        if (written < 0) Marshal.SetLastSystemError(error);
        return written;
    }

    /// <returns>The error that the disk had with what was written; 0: none.</returns>
    private int Wrote(int file, long offset, nint count)
    {
        if (file != _file)
        {
            // What was written to the other one goes to the disk when SQLite flushes it.
            _file = file;
            Forget();
        }

        _first = Math.Min(_first, offset);
        _end = Math.Max(_end, offset + count);
        _bytes += count;
        if (_bytes < StepBytes) return 0;
        var (first, length) = (_first, _end - _first);
        Forget();
        if (_isHurried()) return 0;
        if (SyncRange(file, first, length, WriteAndWait) != 0 && Marshal.GetLastPInvokeError() is var error and not (NoSuchCall or NoSuchFlags or NoSuchFile)) return error;
        _rest(Rest);
        return 0;
    }

    private void Forget() => (_bytes, _first, _end) = (0, long.MaxValue, 0);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_vfs_find")]
    [UnmanagedCallConv(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static partial FileSystem* FindSystem(byte* name);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAt(int file, void* bytes, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncRange(int file, long offset, long count, uint flags);

    /// <summary>sqlite3_vfs, what SQLite asks of an operating system: as much of it as is used here, where 64-bit processes have it.</summary>
    [StructLayout(LayoutKind.Explicit)]
    private struct FileSystem
    {
        [FieldOffset(0)]
        public int Version;

        [FieldOffset(144)]
        public delegate* unmanaged[Cdecl]<FileSystem*, byte*, void*, int> SetSystemCall;

        [FieldOffset(152)]
        public delegate* unmanaged[Cdecl]<FileSystem*, byte*, void*> GetSystemCall;
    }
}
