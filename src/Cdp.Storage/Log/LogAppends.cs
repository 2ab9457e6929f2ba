using Cdp.Grains.Ports;

namespace Cdp.Storage.Log;

/// <summary>What a log takes.</summary>
internal static class LogAppends
{
    /// <summary>Highest number of partitions.</summary>
    public const int MaxPartitions = 4096;

    /// <summary>Partitions of a log when nobody says how many.</summary>
    public const int DefaultPartitions = 16;

    /// <summary>A checked append.</summary>
    /// <exception cref="ArgumentException">A record does not fit the format.</exception>
    public static AppendOperation Of(int partition, IReadOnlyList<LogRecord> records)
    {
        var bytes = 0L;
        foreach (var record in records)
        {
            if (LogBlock.SizeOfTenant(record.Tenant) - 2 > LogBlock.MaxTenantBytes) throw new ArgumentException($"A tenant's name has at most {LogBlock.MaxTenantBytes} bytes.", nameof(records));
            if (record.Payload.Length > LogBlock.MaxPayloadBytes) throw new ArgumentException($"A payload has at most {LogBlock.MaxPayloadBytes} bytes.", nameof(records));
            if (record.Flags.HasFlag(LogRecordFlags.Blanked) && !record.Payload.IsEmpty) throw new ArgumentException("A blanked record has no payload.", nameof(records));
            bytes += LogBlock.SizeOf(record);
        }

        return new AppendOperation(partition, records, checked((int)bytes));
    }

    /// <summary>Checks the number of a partition.</summary>
    public static void CheckPartition(int partition, int partitions)
    {
        if ((uint)partition >= (uint)partitions) throw new ArgumentOutOfRangeException(nameof(partition), partition, $"The log has partitions 0 to {partitions - 1}.");
    }

    /// <summary>Checks a number of partitions given by a person.</summary>
    public static void CheckPartitions(int? partitions)
    {
        if (partitions is < 1 or > MaxPartitions) throw new ArgumentOutOfRangeException(nameof(partitions), partitions, $"A log has 1 to {MaxPartitions} partitions.");
    }
}
