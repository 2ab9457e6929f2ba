using Cdp.State.V1;

namespace Cdp.Grains.Ports;

/// <summary>An event on its way into the log: its record, and the same parsed, so that nobody needs to read it back.</summary>
/// <param name="Record">What the log keeps.</param>
/// <param name="Event">The record's payload, parsed. Frozen.</param>
public readonly record struct AppendedEvent(LogRecord Record, LoggedEvent Event);

/// <summary>The gateway's way into the log.</summary>
public interface IEventAppender
{
    /// <summary>Number of partitions.</summary>
    int Partitions { get; }

    /// <summary>Identifies the log; tokens of another epoch are void.</summary>
    string Epoch { get; }

    /// <summary>
    /// How long a tenant has to wait before it may append to a partition, because too many of its bytes there are
    /// acknowledged but not applied; zero: now.
    /// </summary>
    TimeSpan Admit(string tenant, int partition);

    /// <summary>Appends events to one partition. Durable when it returns.</summary>
    /// <returns>Position of the first.</returns>
    ValueTask<long> AppendAsync(int partition, IReadOnlyList<AppendedEvent> events, CancellationToken cancellationToken);

    /// <summary>The position that the next event of a partition will get.</summary>
    ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken);
}

/// <summary>Hears how far partitions have applied the log, for admission.</summary>
public interface IPartitionProgress
{
    /// <summary>Every position of the partition before <paramref name="position"/> is applied.</summary>
    void Applied(int partition, long position);
}
