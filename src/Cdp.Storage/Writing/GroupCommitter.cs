using System.Diagnostics;

namespace Cdp.Storage.Writing;

/// <summary>
/// The one writer of a file, or of a part of a database. Everything that waits is executed in one transaction; while that
/// is flushed to disk the next one gathers. An error fails the operations of its transaction and nothing else: the target
/// is opened anew for the next one.
/// </summary>
/// <remarks>The queue refers to its callers' values without copying them. A transaction takes at most a given number of bytes.</remarks>
internal sealed class GroupCommitter<TTarget> : IAsyncDisposable
    where TTarget : class, IWriteTarget
{
    private readonly Func<TTarget> _open;
    private readonly WriterOptions _options;
    private readonly WriterMetrics _metrics;
    private readonly WriteQueue _queue;
    private readonly List<WriteOperation> _transaction = [];
    private readonly List<WriteOperation> _erasing = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TTarget? _target;

    public GroupCommitter(string name, Func<TTarget> open, WriterOptions options, WriterMetrics metrics)
    {
        _open = open;
        _options = options;
        _metrics = metrics;
        _queue = new WriteQueue(options.QueueBytes, options.Patience);
        _target = open();
        metrics.ObserveQueue(() => _queue.Bytes);
        new Thread(Run) { IsBackground = true, Name = $"{name} writer" }.Start();
    }

    /// <summary>Queues a write, after those that came before it. Its task ends after the flush.</summary>
    /// <param name="operation">The write.</param>
    /// <param name="cancellationToken">Gives the write up while it waits for room in the queue; once queued it cannot be called back.</param>
    public TOperation Submit<TOperation>(TOperation operation, CancellationToken cancellationToken)
        where TOperation : WriteOperation
    {
        _queue.Add(operation, cancellationToken);
        return operation;
    }

    /// <summary>Writes what is queued and closes the target.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _ended.Task.ConfigureAwait(false);
    }

    private void Run()
    {
        while (_queue.Take(_transaction, _options.TransactionBytes)) Commit();
        _target?.Close();

        // Whoever waits for the end may open the file anew: it must be closed by then.
        _target?.Dispose();
        _ended.SetResult();
    }

    private void Commit()
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            _target ??= _open();
            _target.Commit(_transaction);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // What the target remembered may be of the failed transaction: it goes as well.
            _target?.Dispose();
            _target = null;
            _metrics.Failed();
            foreach (var operation in _transaction) operation.Fail(e);
            return;
        }

        _metrics.Committed(_transaction.Count, Stopwatch.GetElapsedTime(started));
        foreach (var operation in _transaction)
        {
            if (operation.Erases && operation.Error is null) _erasing.Add(operation);
            else operation.Complete();
        }

        if (_erasing.Count > 0)
        {
            _target.Erase(_erasing);
            _erasing.Clear();
        }

        _target.Tidy();
    }
}
