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

    /// <summary>SQLite's extended result code; 0 when the error is not SQLite's.</summary>
    public int ResultCode { get; }

    /// <summary>Whether there is no room left for the write.</summary>
    public bool IsFull => (ResultCode & 0xFF) == SQLitePCL.raw.SQLITE_FULL;
}
