using System.Diagnostics;

namespace Cdp.Storage.Writing;

/// <summary>
/// Writes on their way to the one writer, first in, first out. It takes a number of bytes; what comes beyond waits before
/// it, in the same order, and can be given up until there is room. While all that is queued can wait, it does, for more to
/// share its flush.
/// </summary>
/// <param name="capacity">Bytes that it takes.</param>
/// <param name="patience">How long writes wait that can.</param>
internal sealed class WriteQueue(long capacity, TimeSpan patience)
{
    /// <summary>Writes that are enough for a flush of their own.</summary>
    private const int Enough = 256;

    private readonly object _gate = new();
    private readonly Queue<WriteOperation> _queue = new();
    private readonly Queue<(WriteOperation Operation, CancellationTokenRegistration GivingUp)> _waiting = new();
    private long _bytes;
    private int _urgent;
    private long _since;
    private bool _closing;

    /// <summary>Bytes of what is queued.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Adds a write.</summary>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up before it called.</exception>
    public void Add(WriteOperation operation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            if (_waiting.Count == 0 && HasRoom(operation))
            {
                Enqueue(operation);
                return;
            }
        }

        // Outside the lock, which giving up takes as well.
        var givingUp = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static (state, token) => ((Waiter)state!).GiveUp(token), new Waiter(this, operation))
            : default;
        lock (_gate)
        {
            if (_closing && !operation.GivenUp)
            {
                operation.GivenUp = true;
                givingUp.Unregister();
                ObjectDisposedException.ThrowIf(_closing, this);
            }

            _waiting.Enqueue((operation, givingUp));
            Monitor.Pulse(_gate);
            Admit();
        }
    }

    /// <summary>Waits for writes and takes them, up to a number of bytes.</summary>
    /// <param name="transaction">Receives them.</param>
    /// <param name="maxBytes">A larger write comes alone.</param>
    /// <returns>False when there is nothing and never will be.</returns>
    public bool Take(List<WriteOperation> transaction, long maxBytes)
    {
        transaction.Clear();
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_closing) return false;
                Monitor.Wait(_gate);
            }

            Gather();
            var bytes = 0L;
            while (_queue.TryPeek(out var next) && (transaction.Count == 0 || (!next.Alone && !transaction[0].Alone && bytes + next.Bytes <= maxBytes)))
            {
                transaction.Add(_queue.Dequeue());
                bytes += next.Bytes;
                if (!next.CanWait) _urgent--;
            }

            _bytes -= bytes;
            Admit();
        }

        return true;
    }

    /// <summary>Lets in what waits already, and nothing more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits for more while nobody is in a hurry.</summary>
    private void Gather()
    {
        while (_urgent == 0 && !_closing && _waiting.Count == 0 && _queue.Count < Enough)
        {
            var left = patience - Stopwatch.GetElapsedTime(_since);
            if (left <= TimeSpan.Zero) return;
            Monitor.Wait(_gate, (int)Math.Min(Math.Ceiling(left.TotalMilliseconds), int.MaxValue));
        }
    }

    private bool HasRoom(WriteOperation operation) => _queue.Count == 0 || _bytes + operation.Bytes <= capacity;

    private void Enqueue(WriteOperation operation)
    {
        _queue.Enqueue(operation);
        _bytes += operation.Bytes;
        if (_queue.Count == 1) _since = Stopwatch.GetTimestamp();
        if (!operation.CanWait) _urgent++;
        if (_queue.Count is 1 or Enough || (!operation.CanWait && _urgent == 1)) Monitor.Pulse(_gate);
    }

    private void Admit()
    {
        while (_waiting.TryPeek(out var next) && (next.Operation.GivenUp || HasRoom(next.Operation)))
        {
            _waiting.Dequeue();
            if (next.Operation.GivenUp) continue;
            Enqueue(next.Operation);
            next.GivingUp.Unregister();
            next.Operation.Admitted = true;
        }
    }

    private sealed record Waiter(WriteQueue Queue, WriteOperation Operation)
    {
        public void GiveUp(CancellationToken token)
        {
            lock (Queue._gate)
            {
                if (Operation.Admitted || Operation.GivenUp) return;
                Operation.GivenUp = true;
            }

            Operation.Fail(new OperationCanceledException(token));
        }
    }
}
