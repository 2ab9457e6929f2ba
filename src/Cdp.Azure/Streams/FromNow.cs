using Orleans.Streams;

namespace Cdp.Azure.Streams;

/// <summary>
/// Keeps no checkpoints: how far a partition is stands in its grain, which reads what came before by itself. So a receiver
/// begins with what arrives from now on.
/// </summary>
internal sealed class FromNow : IStreamQueueCheckpointerFactory, IStreamQueueCheckpointer<string>
{
    /// <inheritdoc/>
    public bool CheckpointExists => false;

    /// <inheritdoc/>
    public Task<IStreamQueueCheckpointer<string>> Create(string partition) => Task.FromResult<IStreamQueueCheckpointer<string>>(this);

    /// <inheritdoc/>
    public Task<string> Load() => Task.FromResult("");

    /// <inheritdoc/>
    public void Update(string offset, DateTime utcNow)
    {
    }
}
