namespace Cdp.Storage.Sqlite.Engine;

/// <summary>
/// Writes on their way to the one writer, first in, first out. It takes a number of bytes; what comes beyond waits before
/// it, in the same order, and can be given up until there is room.
/// </summary>
internal sealed class WriteQueue(long capacity)
{
    private readonly object _gate = new();
    private readonly Queue<WriteOperation> _queue = new();
    private readonly Queue<(WriteOperation Operation, CancellationTokenRegistration GivingUp)> _waiting = new();
    private long _bytes;
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

            var bytes = 0L;
            while (_queue.TryPeek(out var next) && (transaction.Count == 0 || (!next.Alone && !transaction[0].Alone && bytes + next.Bytes <= maxBytes)))
            {
                transaction.Add(_queue.Dequeue());
                bytes += next.Bytes;
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

    private bool HasRoom(WriteOperation operation) => _queue.Count == 0 || _bytes + operation.Bytes <= capacity;

    private void Enqueue(WriteOperation operation)
    {
        _queue.Enqueue(operation);
        _bytes += operation.Bytes;
        if (_queue.Count == 1) Monitor.Pulse(_gate);
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
