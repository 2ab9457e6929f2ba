using System.Globalization;
using Azure.Messaging.EventHubs;
using Cdp.Azure.Log;
using Cdp.Grains.Ports;
using Cdp.Orleans.Streams;
using Orleans.Providers.Streams.Common;
using Orleans.Streaming.EventHubs;
using Orleans.Streams;

namespace Cdp.Azure.Streams;

/// <summary>Turns each partition of a hub into one stream of log records.</summary>
internal sealed class LogDataAdapter : IEventHubDataAdapter
{
    /// <inheritdoc/>
    public StreamPosition GetStreamPosition(string partition, EventData queueMessage) =>
        new(LogStreams.Of(int.Parse(partition, NumberStyles.None, CultureInfo.InvariantCulture)), TokenOf(queueMessage.OffsetString, queueMessage.SequenceNumber));

    /// <inheritdoc/>
    public CachedMessage FromQueueMessage(StreamPosition position, EventData queueMessage, DateTime dequeueTime, Func<int, ArraySegment<byte>> getSegment)
    {
        var record = HubRecords.ToRecord(queueMessage);
        var key = record.KeyId.ToString(CultureInfo.InvariantCulture);
        var flags = ((int)record.Flags).ToString(CultureInfo.InvariantCulture);
        var segment = getSegment(
            SegmentBuilder.CalculateAppendSize(queueMessage.OffsetString) + SegmentBuilder.CalculateAppendSize(record.Tenant)
            + SegmentBuilder.CalculateAppendSize(flags) + SegmentBuilder.CalculateAppendSize(key) + SegmentBuilder.CalculateAppendSize(record.Payload.Span));
        var at = 0;
        SegmentBuilder.Append(segment, ref at, queueMessage.OffsetString);
        SegmentBuilder.Append(segment, ref at, record.Tenant);
        SegmentBuilder.Append(segment, ref at, flags);
        SegmentBuilder.Append(segment, ref at, key);
        SegmentBuilder.Append(segment, ref at, record.Payload.Span);
        return new CachedMessage
        {
            StreamId = position.StreamId,
            SequenceNumber = queueMessage.SequenceNumber,
            EventIndex = position.SequenceToken.EventIndex,
            EnqueueTimeUtc = queueMessage.EnqueuedTime.UtcDateTime,
            DequeueTimeUtc = dequeueTime,
            Segment = segment,
        };
    }

    /// <inheritdoc/>
    public IBatchContainer GetBatchContainer(ref CachedMessage cachedMessage)
    {
        var at = 0;
        var offset = SegmentBuilder.ReadNextString(cachedMessage.Segment, ref at) ?? "";
        var tenant = SegmentBuilder.ReadNextString(cachedMessage.Segment, ref at) ?? "";
        var flags = int.Parse(SegmentBuilder.ReadNextString(cachedMessage.Segment, ref at)!, NumberStyles.None, CultureInfo.InvariantCulture);
        var key = uint.Parse(SegmentBuilder.ReadNextString(cachedMessage.Segment, ref at)!, NumberStyles.None, CultureInfo.InvariantCulture);
        var payload = SegmentBuilder.ReadNextBytes(cachedMessage.Segment, ref at);
        return new LogRecordBatch(
            cachedMessage.StreamId, TokenOf(offset, cachedMessage.SequenceNumber), cachedMessage.SequenceNumber, new LogRecord(tenant, (LogRecordFlags)flags, key, payload.ToArray()));
    }

    /// <inheritdoc/>
    public StreamSequenceToken GetSequenceToken(ref CachedMessage cachedMessage) => TokenOf("", cachedMessage.SequenceNumber);

    /// <inheritdoc/>
    public string GetOffset(CachedMessage cachedMessage)
    {
        var at = 0;
        return SegmentBuilder.ReadNextString(cachedMessage.Segment, ref at) ?? "";
    }

    /// <inheritdoc/>
    public string GetPartitionKey(StreamId streamId) => streamId.GetKeyAsString();

    /// <inheritdoc/>
    public StreamId GetStreamIdentity(EventData queueMessage) => throw new NotSupportedException("A stream is a partition, which the record does not name.");

    /// <inheritdoc/>
    public EventData ToQueueMessage<T>(StreamId streamId, IEnumerable<T> events, StreamSequenceToken? token, Dictionary<string, object>? requestContext) =>
        throw new NotSupportedException("Records are appended to the log, which the stream follows.");

    /// <summary>Never called: records come through the cache.</summary>
    public IBatchContainer FromQueueMessage(EventData queueMessage, long sequenceId) => throw new NotSupportedException("Records come through the cache.");

    private static EventHubSequenceTokenV2 TokenOf(string offset, long position) => new(offset, position, 0);
}
