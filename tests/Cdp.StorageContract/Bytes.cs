using System.Text;
using Cdp.Grains.Ports;

namespace Cdp.StorageContract;

/// <summary>Values for tests.</summary>
public static class Bytes
{
    public static ReadOnlyMemory<byte> Of(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Bytes that differ with their seed.</summary>
    public static ReadOnlyMemory<byte> Random(int seed, int length)
    {
        var bytes = new byte[length];
#pragma warning disable CA5394 // Nothing secret.
        new Random(seed).NextBytes(bytes);
#pragma warning restore CA5394
        return bytes;
    }

    public static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    public static LogRecord Record(string tenant, string payload) => new(tenant, LogRecordFlags.None, 0, Of(payload));

    /// <summary>A record as a value that compares by content.</summary>
    public static string Show(LogRecord? record) =>
        record is { } r ? $"{r.Tenant}|{r.Flags}|{r.KeyId}|{Convert.ToHexString(r.Payload.Span)}" : "none";

    public static string Show(PositionedRecord record) => $"{record.Position}|{Show(record.Record)}";

    public static string Show(HistorySliceRow row) => $"{row.First}+{row.Count}|{Convert.ToHexString(row.Bytes.Span)}";
}
