using Cdp.Grains.Ports;

namespace Cdp.Storage;

/// <summary>
/// A store could not be read or written. A write that ends with it has an unknown outcome: it may or may not be found
/// later. The store goes on by itself once the cause is gone (a full disk, a server that restarts).
/// </summary>
public class StorageException : IOException, IStoreFailure
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

    /// <inheritdoc/>
    public bool IsFull { get; init; }
}
