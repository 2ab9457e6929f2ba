using System.Globalization;

namespace Cdp.Orleans.Streams;

/// <summary>How a log that pushes its records is mapped to streams: one stream a partition, whose subscriber is the partition's grain.</summary>
public static class LogStreams
{
    /// <summary>Name of the stream provider.</summary>
    public const string Provider = "cdp-log";

    /// <summary>Namespace of the streams.</summary>
    public const string Namespace = "cdp-log";

    /// <summary>The stream of a partition.</summary>
    /// <param name="partition">Its number, from 0.</param>
    public static StreamId Of(int partition) => StreamId.Create(Namespace, partition.ToString(CultureInfo.InvariantCulture));

    /// <summary>The partition of a stream.</summary>
    public static int PartitionOf(StreamId stream) => int.Parse(stream.GetKeyAsString(), NumberStyles.None, CultureInfo.InvariantCulture);
}
