namespace Cdp.Storage;

/// <summary>Records of the log fail their checks: the disk gave back other bytes than were written.</summary>
public sealed class LogDamagedException : StorageException
{
    /// <summary>Creates an exception without a message.</summary>
    public LogDamagedException()
    {
    }

    /// <summary>Creates an exception.</summary>
    public LogDamagedException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with its cause.</summary>
    public LogDamagedException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates an exception.</summary>
    /// <param name="partition">Partition of the damage.</param>
    /// <param name="position">First position that cannot be read.</param>
    /// <param name="reason">Which check failed.</param>
    public LogDamagedException(int partition, long position, string reason)
        : base($"The log is damaged in partition {partition} at position {position}: {reason}. Restore the log from a backup.")
    {
        Partition = partition;
        Position = position;
    }

    /// <summary>Partition of the damage.</summary>
    public int Partition { get; }

    /// <summary>First position that cannot be read.</summary>
    public long Position { get; }
}
