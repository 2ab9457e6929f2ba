using System.Globalization;
using Azure.Messaging.EventHubs;
using Cdp.Grains.Ports;

namespace Cdp.Azure.Log;

/// <summary>Log records as Event Hubs keeps them: the payload is the body, everything else are properties.</summary>
internal static class HubRecords
{
    private const string Tenant = "tenant";
    private const string Flags = "flags";
    private const string KeyId = "key";

    /// <summary>A record on its way to the hub.</summary>
    public static EventData ToEvent(LogRecord record)
    {
        var data = new EventData(record.Payload);
        data.Properties[Tenant] = record.Tenant;
        if (record.Flags != LogRecordFlags.None) data.Properties[Flags] = (int)record.Flags;
        if (record.KeyId != 0) data.Properties[KeyId] = (long)record.KeyId;
        return data;
    }

    /// <summary>What the hub has of a record.</summary>
    public static LogRecord ToRecord(EventData data) => new(
        data.Properties.TryGetValue(Tenant, out var tenant) ? Convert.ToString(tenant, CultureInfo.InvariantCulture) ?? "" : "",
        (LogRecordFlags)Number(data, Flags),
        (uint)Number(data, KeyId),
        data.EventBody.ToMemory());

    private static long Number(EventData data, string name) => data.Properties.TryGetValue(name, out var value) ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : 0;
}
