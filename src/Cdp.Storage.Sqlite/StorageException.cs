using System.Globalization;

namespace Cdp.Storage.Sqlite;

/// <summary>
/// A file of the store could not be read or written. A write that ends with it has an unknown outcome: it may or may
/// not be found after a restart. The store goes on by itself once the cause is gone (a full disk, for instance).
/// </summary>
public class StorageException : IOException
{
    /// <summary>Creates an exception without a message.</summary>
    public StorageException()
    {
    }

    /// <summary>Creates an exception.</summary>
    public StorageException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with its cause.</summary>
    public StorageException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates an exception from a SQLite result.</summary>
    /// <param name="message">What failed.</param>
    /// <param name="resultCode">SQLite's extended result code, see https://www.sqlite.org/rescode.html.</param>
    public StorageException(string message, int resultCode)
        : base(message) => ResultCode = resultCode;

    /// <summary>The failure of a write for which there is no room.</summary>
    internal static StorageException Full(string path) => new(MessageOf(path, NoRoom, SQLitePCL.raw.SQLITE_FULL), SQLitePCL.raw.SQLITE_FULL);

    /// <summary>A failure of the operating system, in the words of the store.</summary>
    internal static StorageException OfFile(string path, Exception failure) =>
        IsDiskFull(failure.HResult) ? Full(path) : new StorageException($"{path}: {failure.Message}", failure);

    /// <summary>What a message about a file says.</summary>
    internal static string MessageOf(string path, string what, int resultCode) =>
        string.Create(CultureInfo.InvariantCulture, $"{path}: {what} (SQLite {resultCode}).");

    /// <summary>Why a write fails that the disk or the file has no room for.</summary>
    internal const string NoRoom = "there is no room left; free some and it goes on by itself";

    private static bool IsDiskFull(int code) => OperatingSystem.IsWindows()
        ? unchecked((uint)code) is 0x80070070 or 0x80070027
        : code is 28 or 27 || code == (OperatingSystem.IsLinux() ? 122 : 69);

    /// <summary>SQLite's extended result code; 0 when the error is not SQLite's.</summary>
    public int ResultCode { get; }

    /// <summary>Whether there is no room left for the write.</summary>
    public bool IsFull => (ResultCode & 0xFF) == SQLitePCL.raw.SQLITE_FULL;
}
