using System.Globalization;
using SQLitePCL;

namespace Cdp.Storage.Sqlite;

/// <summary>Failures of SQLite and of its files, in the words of the store.</summary>
internal static class SqliteFailures
{
    /// <summary>Why a write fails that the disk or the file has no room for.</summary>
    public const string NoRoom = "there is no room left; free some and it goes on by itself";

    /// <summary>A failure that SQLite reports.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What failed, and what to do.</param>
    /// <param name="resultCode">The extended result code, see https://www.sqlite.org/rescode.html.</param>
    public static StorageException Of(string path, string what, int resultCode) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: {what} (SQLite {resultCode}).")) { IsFull = (resultCode & 0xFF) == raw.SQLITE_FULL };

    /// <summary>The failure of a write for which there is no room.</summary>
    public static StorageException Full(string path) => Of(path, NoRoom, raw.SQLITE_FULL);

    /// <summary>A failure of the operating system.</summary>
    public static StorageException OfFile(string path, Exception failure) =>
        IsDiskFull(failure.HResult) ? Full(path) : new StorageException($"{path}: {failure.Message}", failure);

    private static bool IsDiskFull(int code) => OperatingSystem.IsWindows()
        ? unchecked((uint)code) is 0x80070070 or 0x80070027
        : code is 28 or 27 || code == (OperatingSystem.IsLinux() ? 122 : 69);
}
