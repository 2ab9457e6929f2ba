using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Orleans.Streams;

namespace Cdp.Orleans.Streams;

/// <summary>One record of a log on its way to its partition's grain. It is read where it arrives.</summary>
[GenerateSerializer]
[Alias("cdp.log-record")]
public sealed class LogRecordBatch : IBatchContainer
{
    /// <summary>For the serializer.</summary>
    public LogRecordBatch()
    {
    }

    /// <summary>Puts a record on its way.</summary>
    /// <param name="stream">The partition's stream.</param>
    /// <param name="token">The record's place in the stream.</param>
    /// <param name="position">Its position in the partition.</param>
    /// <param name="record">The record.</param>
    public LogRecordBatch(StreamId stream, StreamSequenceToken token, long position, LogRecord record)
    {
        (StreamId, SequenceToken, Position) = (stream, token, position);
        (Tenant, Flags, KeyId, Payload) = (record.Tenant, (int)record.Flags, record.KeyId, record.Payload.ToArray());
    }

    /// <inheritdoc/>
    [Id(0)]
    public StreamId StreamId { get; set; }

    /// <inheritdoc/>
    [Id(1)]
    public StreamSequenceToken SequenceToken { get; set; } = null!;

    /// <summary>Position in the partition.</summary>
    [Id(2)]
    public long Position { get; set; }

    /// <summary>As in the log.</summary>
    [Id(3)]
    public string Tenant { get; set; } = "";

    /// <summary>As in the log.</summary>
    [Id(4)]
    public int Flags { get; set; }

    /// <summary>As in the log.</summary>
    [Id(5)]
    public uint KeyId { get; set; }

    /// <summary>As in the log.</summary>
    [Id(6)]
    public byte[] Payload { get; set; } = [];

    /// <inheritdoc/>
    public IEnumerable<Tuple<T, StreamSequenceToken>> GetEvents<T>() =>
        LogEntries.Of(LogStreams.PartitionOf(StreamId), Position, new LogRecord(Tenant, (LogRecordFlags)Flags, KeyId, Payload)) is T entry ? [Tuple.Create(entry, SequenceToken)] : [];

    /// <inheritdoc/>
    public bool ImportRequestContext() => false;
}
