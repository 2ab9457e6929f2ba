using System.Collections.Concurrent;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>Read connections with their prepared statements. A read happens on its caller's thread.</summary>
internal sealed class ReaderPool<TReader>(Func<TReader> open, int idle) : IDisposable
    where TReader : class, IDisposable
{
    private readonly ConcurrentStack<TReader> _idle = new();
    private volatile bool _closed;

    /// <summary>Reads with a connection that nobody else uses meanwhile.</summary>
    public TResult Read<TArgument, TResult>(TArgument argument, Func<TReader, TArgument, TResult> read)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (!_idle.TryPop(out var reader)) reader = open();
        var returned = false;
        try
        {
            var result = read(reader, argument);
            if (!_closed && _idle.Count < idle)
            {
                _idle.Push(reader);
                returned = true;
            }

            return result;
        }
        finally
        {
            // After an error the connection is not trusted any more.
            if (!returned) reader.Dispose();
            else if (_closed) Dispose();
        }
    }

    public void Dispose()
    {
        _closed = true;
        while (_idle.TryPop(out var reader)) reader.Dispose();
    }
}
