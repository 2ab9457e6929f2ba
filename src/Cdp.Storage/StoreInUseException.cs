namespace Cdp.Storage;

/// <summary>Another process, or another store of this one, has the directory open.</summary>
public sealed class StoreInUseException : StorageException
{
    /// <summary>Creates an exception without a message.</summary>
    public StoreInUseException()
    {
    }

    /// <summary>Creates an exception.</summary>
    public StoreInUseException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with its cause.</summary>
    public StoreInUseException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
