using System.Collections.Concurrent;
using Cdp.Grains.Ports;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>A log that hands out one record for each permit, so that a test chooses how partitions interleave.</summary>
internal sealed class SteppedLog(IEventLog log) : IEventLog
{
    private readonly ConcurrentDictionary<int, SemaphoreSlim> _permits = new();

    public int Partitions => log.Partitions;

    public string Epoch => log.Epoch;

    public void Permit(int partition) => PermitsOf(partition).Release();

    public async ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken)
    {
        await PermitsOf(partition).WaitAsync(cancellationToken);
        return await log.ReadAsync(partition, from, maxBytes: 1, cancellationToken);
    }

    public ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken) =>
        log.AppendAsync(partition, records, cancellationToken);

    public ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken) =>
        log.ReadManyAsync(positions, cancellationToken);

    public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken) => log.EndAsync(partition, cancellationToken);

    public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken) =>
        log.BlankAsync(partition, position, remainder, cancellationToken);

    private SemaphoreSlim PermitsOf(int partition) => _permits.GetOrAdd(partition, _ => new SemaphoreSlim(0));
}
