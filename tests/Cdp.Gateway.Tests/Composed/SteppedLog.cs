using System.Collections.Concurrent;
using Cdp.Grains.Ports;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>
/// A log that hands out one record for each permit, so that a test chooses how partitions interleave. A record that was permitted
/// may be read again: who gave a read up has not lost it.
/// </summary>
internal sealed class SteppedLog(IEventLog log) : IEventLog
{
    private readonly ConcurrentDictionary<int, Gate> _gates = new();

    public int Partitions => log.Partitions;

    public string Epoch => log.Epoch;

    public void Permit(int partition) => GateOf(partition).Permit();

    public async ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken)
    {
        await GateOf(partition).PassAsync(from, cancellationToken);
        return await log.ReadAsync(partition, from, maxBytes: 1, cancellationToken);
    }

    public ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken) =>
        log.AppendAsync(partition, records, cancellationToken);

    public ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken) =>
        log.ReadManyAsync(positions, cancellationToken);

    public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken) => log.EndAsync(partition, cancellationToken);

    public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken) =>
        log.BlankAsync(partition, position, remainder, cancellationToken);

    private Gate GateOf(int partition) => _gates.GetOrAdd(partition, _ => new Gate());

    /// <summary>Opens for one position after the other.</summary>
    private sealed class Gate
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _permitted;

        public void Permit()
        {
            TaskCompletionSource opened;
            lock (_lock)
            {
                _permitted++;
                (opened, _opened) = (_opened, new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            opened.SetResult();
        }

        public async Task PassAsync(long position, CancellationToken cancellationToken)
        {
            while (true)
            {
                Task opened;
                lock (_lock)
                {
                    if (position < _permitted) return;
                    opened = _opened.Task;
                }

                await opened.WaitAsync(cancellationToken);
            }
        }
    }
}
