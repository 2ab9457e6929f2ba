using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>Keeps one snapshot behind its tag, written beside the customer's work.</summary>
internal sealed class SnapshotWriter(IStateStore states, IStepObserver steps, string kind, IGrainContext context)
{
    private string? _tag;
    private Task _write = Task.CompletedTask;
    private bool _failed;

    /// <summary>Size of the newest snapshot, read or written.</summary>
    public int Bytes { get; private set; }

    /// <summary>Whether the last write failed, so that what it held is not stored.</summary>
    public bool Pending => _failed || !_write.IsCompleted;

    /// <summary>Reads the stored snapshot; null when there is none.</summary>
    public async ValueTask<CustomerSnapshot?> ReadAsync(CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(kind, context.Key, cancellationToken);
        _tag = row.Tag;
        Bytes = row.Value.Length;
        return row.Exists ? CustomerSnapshot.Parser.ParseFrom(row.Value.Span) : null;
    }

    /// <summary>
    /// Starts a write without waiting for it; false while the one before is under way. A failed write loses nothing: the
    /// history has it all, and the next write brings the snapshot up to date.
    /// </summary>
    public bool TryStart(Func<CustomerSnapshot> snapshot)
    {
        if (!_write.IsCompleted) return false;
        var write = TryWriteAsync(BytesOf(snapshot()));
        if (!write.IsCompleted) _write = write;
        return true;
    }

    /// <summary>Writes and waits. Whatever is started meanwhile would know the same tag, and one of the two would find it gone.</summary>
    public async ValueTask WriteAsync(Func<CustomerSnapshot> snapshot, CancellationToken cancellationToken)
    {
        while (!_write.IsCompleted) await _write;
        var write = WriteAsync(BytesOf(snapshot()), cancellationToken);
        if (!write.IsCompleted) _write = EndAsync(write);
        await write;
    }

    /// <summary>Removes the snapshot, after what is being written.</summary>
    /// <returns>Whether there was one.</returns>
    public async ValueTask<bool> ClearAsync(CancellationToken cancellationToken)
    {
        await _write;
        var existed = _tag is not null;
        if (!await states.ClearAsync(kind, context.Key, _tag, cancellationToken))
        {
            context.Abandon();
            throw new OwnershipLostException(context.Key);
        }

        (_tag, Bytes, _failed) = (null, 0, false);
        return existed;
    }

    private static byte[] BytesOf(CustomerSnapshot snapshot)
    {
        var bytes = new byte[snapshot.CalculateSize()];
        snapshot.WriteTo(bytes.AsSpan());
        return bytes;
    }

    private async Task TryWriteAsync(byte[] bytes)
    {
        try
        {
            await WriteAsync(bytes, CancellationToken.None);
        }
        catch (OwnershipLostException)
        {
            _failed = true;
        }
        catch (IOException)
        {
            _failed = true;
        }

        // What has ended is not held on to.
        _write = Task.CompletedTask;
    }

    /// <summary>Ends when a write does, however that ends.</summary>
    private async Task EndAsync(Task write)
    {
        await Task.WhenAny(write);
        _write = Task.CompletedTask;
    }

    private async Task WriteAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        steps.Reached(RecoverySteps.SnapshotWriting);
        var tag = await states.WriteAsync(kind, context.Key, bytes, _tag, cancellationToken);
        if (tag is null)
        {
            context.Abandon();
            throw new OwnershipLostException(context.Key);
        }

        _tag = tag;
        Bytes = bytes.Length;
        _failed = false;
        steps.Reached(RecoverySteps.SnapshotWritten);
    }
}
