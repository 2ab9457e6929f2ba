using System.Buffers;
using System.Text;
using SQLitePCL;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>A prepared statement of one connection; used by one thread at a time.</summary>
internal sealed class Statement(Database database, sqlite3_stmt handle) : IDisposable
{
    /// <summary>Text is compared by its bytes, so that what has no bytes must not pass as something else.</summary>
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public Statement Bind(int index, long value)
    {
        database.Check(raw.sqlite3_bind_int64(handle, index, value));
        return this;
    }

    public Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        // An empty span has no address, which SQLite would take for NULL.
        database.Check(value.IsEmpty
            ? raw.sqlite3_bind_zeroblob(handle, index, 0)
            : raw.sqlite3_bind_blob(handle, index, value));
        return this;
    }

    public Statement Bind(int index, string value)
    {
        if (value.Length == 0)
        {
            database.Check(raw.sqlite3_bind_text(handle, index, string.Empty));
            return this;
        }

        var size = Strict.GetMaxByteCount(value.Length);
        byte[]? rented = null;
        var buffer = size <= 512 ? stackalloc byte[size] : rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            database.Check(raw.sqlite3_bind_text(handle, index, (ReadOnlySpan<byte>)buffer[..Strict.GetBytes(value, buffer)]));
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }

        return this;
    }

    /// <summary>Moves to the next row. After the last one, or after an error, the statement is ready to be used again.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW) return true;
        var failure = code == raw.SQLITE_DONE ? null : database.Failure(code);
        Reset();
        return failure is null ? false : throw failure;
    }

    /// <summary>Runs a statement that yields no rows.</summary>
    public void Run()
    {
        if (!Step()) return;
        Reset();
        throw new InvalidOperationException("The statement yields rows.");
    }

    /// <summary>Ends the reading of rows, and with it the snapshot.</summary>
    public void Reset() => _ = raw.sqlite3_reset(handle);

    public long Integer(int column) => raw.sqlite3_column_int64(handle, column);

    /// <summary>The bytes of a blob or text; valid until the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    public string Text(int column) => Strict.GetString(Bytes(column));

    public void Dispose() => handle.Dispose();
}
