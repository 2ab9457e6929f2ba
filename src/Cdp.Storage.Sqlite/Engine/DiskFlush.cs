using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>Waits until the disk has what was written.</summary>
public static partial class DiskFlush
{
    private const int ReadOnly = 0;

    /// <summary>Flushes a file's bytes and its length.</summary>
    public static void File(SafeFileHandle file)
    {
        // fdatasync leaves out the time of the last change, which costs a write of its own.
        if (!OperatingSystem.IsLinux()) RandomAccess.FlushToDisk(file);
        else if (FlushData(file) != 0) throw Failure("flush the journal");
    }

    /// <summary>Flushes the names of a directory's files; Windows does so by itself.</summary>
    public static void Directory(string path)
    {
        if (OperatingSystem.IsWindows()) return;
        using var directory = Open(path, ReadOnly);
        if (directory.IsInvalid || Flush(directory) != 0) throw Failure($"flush the directory {path}");
    }

    private static IOException Failure(string what)
    {
        var code = Marshal.GetLastPInvokeError();
        return new IOException($"Cannot {what}: {Marshal.GetPInvokeErrorMessage(code)}", code);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FlushData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags);
}
