using System.Globalization;
using System.Security.Cryptography;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Grains.Audit;

/// <summary>
/// The one writer of a tenant's audit log. Each append is a block that names the hash of the one before; the blocks of a day are a
/// history, so that old days can be dropped.
/// </summary>
public sealed class AuditGrain(IGrainContext context, IStateStore states, IHistory history, IDefinitions definitions) : IAudit, IGrainLifecycle
{
    /// <summary>Kind of the state that lists the days.</summary>
    public const string StateKind = "audit-days";

    /// <summary>Blocks that a new activation looks through for what a caller may send again.</summary>
    private const int Remembered = 64;

    private const int MostReadBytes = 1 << 20;

    private readonly GrainState<AuditDays> _days = new(context, states, StateKind, AuditDays.Parser);
    private readonly Dictionary<string, long> _batches = new(StringComparer.Ordinal);
    private long _blocks;
    private long _next = 1;
    private ByteString _head = ByteString.Empty;

    /// <summary>With what the keys of a tenant's audit log begin, among the histories.</summary>
    public static string Prefix(string tenant) => $"{tenant}/audit/";

    /// <inheritdoc/>
    public async ValueTask ActivateAsync(CancellationToken cancellationToken)
    {
        await _days.ReadAsync(cancellationToken);
        if (_days.Value?.Days.LastOrDefault() is not { } day) return;
        (_next, _head) = (day.First, day.Previous);
        _blocks = await history.LengthAsync(KeyOf(day.Day), cancellationToken);
        for (var next = Math.Max(0, _blocks - Remembered); await history.ReadAsync(KeyOf(day.Day), next, MostReadBytes, cancellationToken) is { Count: > 0 } rows; next = rows[^1].End)
        {
            foreach (var row in rows) Follow(AuditBlock.Parser.ParseFrom(row.Bytes.Span), row.Bytes.Span);
        }
    }

    /// <inheritdoc/>
    public ValueTask DeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<AppendAuditReply> Append(AppendAuditRequest request, CancellationToken cancellationToken)
    {
        // Of a tenant that goes, its audit log goes, too.
        if (definitions.IsSealed(context.Key)) return new AppendAuditReply();
        if (request.Entries.Count == 0 || (_batches.TryGetValue(request.Writer, out var last) && request.Batch <= last)) return new AppendAuditReply();
        var day = await TodayAsync(cancellationToken);
        var block = new AuditBlock { Previous = _head, First = _next, At = request.At, Writer = request.Writer, Batch = request.Batch, Texts = { request.Texts }, Entries = { request.Entries } };
        var bytes = block.ToByteArray();
        try
        {
            if (!await history.AppendAsync(KeyOf(day), _blocks, 1, bytes, CancellationToken.None)) throw new OwnershipLostException(context.Key);
        }
        catch (Exception)
        {
            // Perhaps it was written: the next activation sees.
            context.Abandon();
            throw;
        }

        _blocks++;
        Follow(block, bytes);
        return new AppendAuditReply();
    }

    /// <inheritdoc/>
    public async ValueTask<ReadAuditReply> Read(ReadAuditRequest request, CancellationToken cancellationToken)
    {
        var days = _days.Value?.Days.Select(day => day.Day).ToList() ?? [];
        var reply = new ReadAuditReply();
        var asked = request.Day.Length > 0 ? request.Day : request.From > 0 ? DayOf(DateTimeOffset.UnixEpoch.AddMicroseconds(request.From)) : string.Empty;
        var at = days.FindIndex(day => string.CompareOrdinal(day, asked) >= 0);
        if (at < 0)
        {
            // Behind the last day, or of a day that is gone: what comes is what is written next.
            (reply.NextDay, reply.NextBlock, reply.AtEnd) = (request.Day, request.Block, true);
            return reply;
        }

        // A record may have been written down just after midnight.
        var block = days[at] == request.Day ? request.Block : 0;
        var rows = await history.ReadAsync(KeyOf(days[at]), block, Math.Clamp(request.MaxBytes, 1, MostReadBytes), cancellationToken);
        reply.Blocks.Add(rows.Select(row => UnsafeByteOperations.UnsafeWrap(row.Bytes)));
        (reply.NextDay, reply.NextBlock) = (days[at], rows.Count > 0 ? rows[^1].End : block);
        if (reply.NextBlock < await history.LengthAsync(KeyOf(days[at]), cancellationToken)) return reply;
        if (at + 1 < days.Count) (reply.NextDay, reply.NextBlock) = (days[at + 1], 0);
        else reply.AtEnd = true;
        return reply;
    }

    private static string DayOf(DateTimeOffset moment) => moment.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private string KeyOf(string day) => Prefix(context.Key) + day;

    /// <summary>The day of now; the first block of a day makes it, and lets go of the oldest.</summary>
    private async ValueTask<string> TodayAsync(CancellationToken cancellationToken)
    {
        var now = context.Time.GetUtcNow();
        var today = DayOf(now);

        // A clock that was set back goes on with the day that there is.
        if (_days.Value?.Days.LastOrDefault() is { } last && string.CompareOrdinal(today, last.Day) <= 0) return last.Day;
        var keep = (await definitions.GetAsync(context.Key, cancellationToken))?.AuditDays ?? Domain.Tenants.TenantDefaults.AuditDays;
        var oldest = DayOf(now.AddDays(-keep));
        var days = _days.Value?.Clone() ?? new AuditDays();
        foreach (var day in days.Days.Where(day => string.CompareOrdinal(day.Day, oldest) < 0).ToList())
        {
            await history.DeleteAsync(KeyOf(day.Day), cancellationToken);
            days.Days.Remove(day);
        }

        days.Days.Add(new AuditDay { Day = today, First = _next, Previous = _head });
        await _days.WriteAsync(days, cancellationToken);
        _blocks = 0;
        return today;
    }

    private void Follow(AuditBlock block, ReadOnlySpan<byte> bytes)
    {
        _next = block.First + block.Entries.Count;
        _head = ByteString.CopyFrom(SHA256.HashData(bytes));
        _batches[block.Writer] = block.Batch;
    }
}
