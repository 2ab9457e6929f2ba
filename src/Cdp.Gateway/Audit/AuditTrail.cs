using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Cdp.Domain.Audit;
using Cdp.Gateway.Keys;
using Cdp.Grains.Audit;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Audit;

/// <summary>
/// Writes down who read whom and who changed what. Acts are durable before they are done; reads are written behind, at most
/// <see cref="MostDelayMilliseconds"/> later, and refused while they cannot be written.
/// </summary>
/// <remarks>Why so: docs/decisions/0022-audit.md.</remarks>
public sealed class AuditTrail(GatewayPorts ports) : IAsyncDisposable
{
    /// <summary>How long a read waits to be written, in milliseconds.</summary>
    public const int MostDelayMilliseconds = 50;

    /// <summary>Bytes of blocks that are read at once.</summary>
    internal const int ReadBytes = 1 << 18;

    private readonly AuditMetrics _metrics = new();
    private readonly string _writer = Guid.NewGuid().ToString("N")[..16];
    private readonly ConcurrentDictionary<string, TenantTrail> _trails = new(StringComparer.Ordinal);

    /// <summary>Notes that data of a person are told.</summary>
    /// <param name="caller">Who reads.</param>
    /// <param name="method">Service and method.</param>
    /// <param name="subject">The customer's id.</param>
    /// <param name="purpose">What for.</param>
    /// <param name="fields">Fields that were asked for, separated by commas; empty: all that the purpose sees.</param>
    /// <exception cref="RpcException">The records before cannot be written: nothing is told.</exception>
    internal void Read(Caller caller, string method, string subject, string purpose, string fields = "")
    {
        if (ports.AuditReads) TrailOf(caller.Tenant).Add(new AuditNote(ports.NowMicros, AuditKind.Read, caller.Key.Id, method, subject, purpose, fields, string.Empty));
    }

    /// <summary>Notes that something is about to be done; durable when it returns.</summary>
    /// <param name="caller">Who does it.</param>
    /// <param name="tenant">The tenant that it is done to.</param>
    /// <param name="method">Service and method.</param>
    /// <param name="subject">What it is done to.</param>
    /// <param name="cancellationToken">Gives up the waiting.</param>
    internal Task ActAsync(Caller caller, string tenant, string method, string subject, CancellationToken cancellationToken) =>
        TrailOf(tenant).AddAsync(Act(caller, tenant, AuditKind.Act, method, subject, string.Empty)).WaitAsync(cancellationToken);

    /// <summary>Notes that what was about to be done was not.</summary>
    internal void Failed(Caller caller, string tenant, string method, string subject, string reason) =>
        TrailOf(tenant).Add(Act(caller, tenant, AuditKind.ActFailed, method, subject, reason));

    /// <summary>Waits until everything that was noted for a tenant is written.</summary>
    public Task FlushAsync(string tenant) => _trails.TryGetValue(tenant, out var trail) ? trail.FlushAsync() : Task.CompletedTask;

    /// <summary>Blocks of a tenant's log as they are kept, oldest first, with everything that was noted here before.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="from">Begins with the day of this moment, in microseconds since the epoch; 0: with the oldest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async IAsyncEnumerable<IReadOnlyList<ByteString>> BlocksAsync(string tenant, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await FlushAsync(tenant);
        for (var read = new ReadAuditRequest { MaxBytes = ReadBytes, From = from }; ;)
        {
            var reply = await ports.Grains.Get<IAudit>(tenant).Read(read, cancellationToken);
            if (reply.Blocks.Count > 0) yield return reply.Blocks;
            if (reply.AtEnd) yield break;
            (read.Day, read.Block) = (reply.NextDay, reply.NextBlock);
        }
    }

    /// <summary>Writes what was noted, and that nothing follows.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var trail in _trails.Values) await trail.DisposeAsync();
        _metrics.Dispose();
    }

    private AuditNote Act(Caller caller, string tenant, AuditKind kind, string method, string subject, string reason) => new(
        ports.NowMicros, kind, tenant == caller.Tenant ? caller.Key.Id : $"{caller.Tenant}/{caller.Key.Id}", method,
        subject.Length > AuditRecords.MaxSubject ? subject[..AuditRecords.MaxSubject] : subject, string.Empty, string.Empty, reason);

    private TenantTrail TrailOf(string tenant) =>
        _trails.TryGetValue(tenant, out var known) ? known : _trails.GetOrAdd(tenant, static (tenant, made) => new TenantTrail(made.ports, tenant, made._writer, made._metrics), (ports, _writer, _metrics));
}
